"""Starts a collector on damaged copies of a data directory: `python -m collector.tests.durability.damaged_start BASE`.

Each line on stdin is a JSON object `{"path", "kind", "place"}`; the line on stdout is what happened. Each case is a
fork, so that thousands of them need one import only. The collector is whole except for its HTTP server.
"""

import json
import os
import shutil
import sys
import tempfile
import time
import traceback
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from collector.tests.durability.damage import OLDER, PUBLISHED, SECRET, damage
from footfall_collector.access import Tokens, TokensError
from footfall_collector.access.links import LinksError, ReadLinks
from footfall_collector.access.sessions import SignInSessions
from footfall_collector.answer import Filters, ask, parse_question
from footfall_collector.answer.filters import EARLIEST
from footfall_collector.app.collector import Collector
from footfall_collector.operate.dispatch import LocalCaller
from footfall_collector.receive import WriteKeyError
from footfall_collector.runtime import DataUnusableError, SettingsError, lock_data, read_settings
from footfall_collector.runtime.logs import set_up_logging
from footfall_collector.show.health.data_health import data_health
from footfall_collector.show.public import MonthArchive
from footfall_collector.store import StoreError

REFUSALS = (SettingsError, DataUnusableError, StoreError, WriteKeyError, TokensError, LinksError, OSError)
"""The errors that `serve` prints as one sentence."""
_SECONDS = 60.0


def counts(collector: Collector) -> dict[str, int]:
    """Product to the number of events in its chart."""
    now = datetime.now(UTC) + timedelta(days=1)
    found = {}
    for product in collector.answers.products():
        chart = collector.answers.chart("events", Filters(product, EARLIEST, now, internal="all"))
        column = chart.columns.index("events")
        found[product] = sum(int(row[column] or 0) for row in chart.rows)
    return found


def facts_counts(collector: Collector) -> dict[str, int]:
    """Product to the number of its events by the tables of facts, from which questions are answered."""
    now = datetime.now(UTC) + timedelta(days=1)
    found = {}
    for product, catalogue in collector.answers.catalogues.items():
        filters = Filters(product, EARLIEST, now, internal="all")
        question = parse_question({"measure": "events", "event": "tool_executed", "by": "tool"}, (), filters, catalogue)
        found[product] = sum(int(row[1] or 0) for row in ask(collector.answers, question, filters).rows)
    return found


def settled(collector: Collector) -> None:
    """Wait until the loader has loaded every segment and met no damage that it has not set aside."""
    status, deadline = collector.status, time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        loaded = status.gauge("loader_current_timestamp_seconds") and not status.gauge("journal_waiting_bytes")
        if loaded and not status.gauge("loader_failing") and not collector.store.needs_recovery:
            return
        time.sleep(0.01)
    raise AssertionError("the loader did not come to rest")


def start(data: Path) -> dict[str, Any]:
    """Run a collector on the directory, ask its charts, verify it, ask again."""
    settings = read_settings({"data": str(data)}, {})
    lock_data(settings.data)
    collector = Collector(settings)
    collector.start()
    try:
        settled(collector)
        verified = collector.operations.verify(LocalCaller(lambda _: None))
        settled(collector)
        keys = [key.key for key in collector.keys.all()]
        forgotten = len(collector.store.tombstones.marks)  # type: ignore[attr-defined]  # the DuckDB store's
        archive = MonthArchive(data / "public", collector.answers, 400, b"secret")
        # At a time before all events: no other month is published now.
        months = archive.months(PUBLISHED.product, datetime(2026, 1, 20, tzinfo=UTC))
        published = [msgspec.to_builtins(month) for month in months]
        facts = []
        if verified["lost"] or verified["gone"]:
            health = data_health(collector.status, collector.answers, datetime.now(UTC))
            facts = [fact.title for fact in health.facts]
        return {
            "counts": counts(collector),
            "facts_counts": facts_counts(collector),
            "verified": verified,
            "keys": keys,
            "tokens": [token.name for token in Tokens(data).all()],
            "links": [link.name for link in ReadLinks(data).all()],
            "segments": [(each.name, each.where) for each in collector.segments.all()],
            "audited": [(entry.who, entry.what) for entry in collector.audit.entries()],
            "sessions": len(SignInSessions(data, SECRET, time.time)._ends),  # only a hash is kept of each
            "annotations": [each.text for each in collector.annotations.all()],
            "forgotten": forgotten,
            "published": published,
            "alerts": [each.sent for each in collector.alerts.entries()],
            "facts": facts,
        }
    finally:
        collector.stop()


def run(base: Path, case: dict[str, str]) -> dict[str, Any]:
    """One case in a fork of this process; what it logged is `log`."""
    folder = Path(tempfile.mkdtemp(dir=base.parent))
    data, log, result = folder / "data", folder / "log", folder / "result"
    shutil.copytree(base, data)
    (folder / OLDER).symlink_to(base.parent / OLDER)
    damage(data / case["path"], case["kind"], case["place"])
    child = os.fork()
    if not child:
        os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT), 2)
        outcome: dict[str, Any]
        try:
            set_up_logging("text")
            outcome = start(data)
        except REFUSALS as error:
            outcome = {"refused": str(error)}
        except BaseException:  # noqa: BLE001 - the parent must see every error
            traceback.print_exc()
            outcome = {}
        result.write_text(json.dumps(outcome))
        os._exit(0)
    _, state = os.waitpid(child, 0)
    outcome = json.loads(result.read_text()) if result.exists() else {"died": state}
    outcome["log"] = log.read_text(errors="replace")
    shutil.rmtree(folder)
    return outcome


def main(base: Path) -> None:
    for line in sys.stdin:
        print(json.dumps(run(base, json.loads(line))), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
