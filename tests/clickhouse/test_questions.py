"""Questions to a collector on a cluster of old servers: the answers are the oracle's, through shards and replicas."""

import json
import time
import urllib.parse
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from collector.tests.answer.chart_rows import equal
from collector.tests.app.http import ask
from tests.clickhouse.feeding import await_counted, batches, post_all
from tests.clickhouse.rig.cluster import Cluster
from tests.oracle.fleet import Fleet
from tests.oracle.questions import AnyQuestion, QuestionTruth, Where
from tests.oracle.world import DAY, HOUR
from tests.support.collector_process import start_collector

pytestmark = pytest.mark.timeout(300)

CLIENT, K8S, ERROR = (Where(name, False, ()) for name in ("mcp_client", "k8s_version", "error_type"))
OLD = Where("k8s_version", False, ("1.29", "1.30", ""))
MET = Where("error_type", True, ("TimeoutError",))
# measure, event, property, by, step, conditions
ASKED: tuple[tuple[str, str | None, str | None, Where | None, str, tuple[Where, ...]], ...] = (
    ("events", "tool_executed", None, Where("tool", False, ()), "", ()),
    ("instances", "tool_executed", None, K8S, "", (MET,)),
    ("share", "tool_executed", None, ERROR, "day", (OLD,)),
    ("rate", "tool_executed", "success", CLIENT, "", (OLD, MET)),
    ("p95", "tool_executed", "duration_ms", K8S, "", ()),
    ("median", "server_stopped", "uptime_seconds", None, "day", ()),
    ("new", None, None, Where("ai_provider", False, ()), "day", ()),
    ("returning", "tool_error", None, ERROR, "", (OLD,)),
    ("lost", "tool_executed", None, CLIENT, "day", ()),
    ("lost", None, None, None, "", (MET,)),
    ("came_back", "tool_executed", None, CLIENT, "day", ()),
    ("retention", None, None, K8S, "", (MET,)),
    ("new", None, None, None, "week", ()),
)


def test_every_kind_of_question_has_the_true_answer_on_a_cluster(cluster: Cluster, tmp_path: Path) -> None:
    fleet = Fleet(instances=20, days=45, seed=8, end=int(time.time()) // HOUR * HOUR)
    store = cluster.url(database=f"footfall_{uuid.uuid4().hex[:8]}")
    last = int(time.time()) // DAY + 1
    truth = QuestionTruth(fleet.events())
    with start_collector(tmp_path / "data", segment_seconds=0.1, store=store, max_event_age_days=60) as collector:
        post_all(collector.url, batches(fleet))
        await_counted(collector.url, sum(1 for _ in fleet.events()))
        for measure, event, of, by, step, where in ASKED:
            pairs = {"measure": measure, "event": event, "of": of, "by": by and by.name, "step": step, "range": "30d"}
            query = [(name, value) for name, value in (pairs | {"internal": "all"}).items() if value]
            query += [
                ("where", f"{one.name}:{'is_not' if one.negated else 'is'}:{','.join(one.values)}") for one in where
            ]
            answer = ask(collector, "GET", f"/api/ask?{urllib.parse.urlencode(query)}")
            assert answer.status == 200, (query, answer.text)
            rows = json.loads(answer.text)["rows"]
            question = AnyQuestion((last - 30) * DAY, last * DAY, measure, event, of, by, step, where, "all")
            expected = truth.answer(replace(question, now=int(time.time())))
            assert equal(rows, expected), (query, rows[:5], expected[:5])
            assert expected or measure == "lost"
        # The search for causes has queries of its own.
        explained = [f"/api/explain?range=7d&internal=all&measure={each}" for each in ("", "calls", "instances")]
        sides = "range=30d&internal=all&a=standing:is:established&b=standing:is:new"
        explained += [f"/api/{each}?{sides}" for each in ("explain", "compare")]
        explained += [f"/api/explain?range=24h&internal=all&measure={each}" for each in ("", "median", "calls")]
        explained.append("/api/ask?range=30d&internal=all&by=standing&measure=instances&where=standing:is:new")
        for path in ("/api/releases?range=30d&internal=all", *explained):
            answer = ask(collector, "GET", path)
            assert answer.status == 200, (path, answer.text)
