"""A new product needs only a Python file with its events, a line that names it, and a key."""

import json
import subprocess
import sys
import urllib.request
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import posthog
import pytest

from collector.tests.app.http import ask, counter, holds
from scripts.demo.charts import chart
from tests.protocol.events import PLANTED, expected, to_capture
from tests.protocol.talk import Talk, talking
from tests.support.waiting import wait_for

FILE = '''
"""What the report service says about its use."""

from typing import Annotated

from footfall.catalogue import Amount, Flag, Vocabulary
from footfall.catalogue import Event, Property

Format = Annotated[
    str,
    Property(
        Vocabulary("report_format", ("pdf", "html", "csv")),
        meaning="The format of the report",
        purpose="Know which formats are worth their upkeep",
        question="tools",
    ),
]


class ReportMade(Event, frozen=True, tag="report_made"):
    """A report was made."""

    report_format: Format
    pages: Annotated[
        float,
        Property(Amount("pages", 100_000), meaning="Pages of it", purpose="Find slow reports", question="tools"),
    ]
    scheduled: Annotated[
        bool,
        Property(
            Flag(),
            meaning="Whether nobody waited",
            purpose="See what is automated",
            question="next",
            required=False,
        ),
    ] = False


class ReportOpened(Event, frozen=True, tag="report_opened"):
    """Somebody looked at a report."""

    report_format: Format


EVENTS = (ReportMade, ReportOpened)
'''
CONFIGURATION = """
[products.dot-ai]

[products.report-service]
catalogue = "reports.py"
"""
KEYS = {"dot-ai": "phc_of_dot_ai", "report-service": "phc_of_reports"}
COMMON = {"report_service_version": "3.1.4", "ai_provider": "openai"}


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Talk]:
    """A collector of two products, the second of which is in no code of ours."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "reports.py").write_text(FILE)
    (data / "footfall.toml").write_text(CONFIGURATION)
    for product, key in KEYS.items():
        command = [sys.executable, "-m", "footfall_collector", "keys", "add", "--data", str(data)]
        subprocess.run([*command, "--product", product, key], check=True, capture_output=True)
    with talking(data) as talk:
        yield talk


def send(talk: Talk, product: str, events: list[tuple[str, dict[str, Any]]]) -> None:
    """Send events with the real SDK, as that product's servers do."""
    errors: list[object] = []
    client = posthog.Posthog(KEYS[product], host=talk.url, on_error=lambda error, _: errors.append(error), gzip=True)
    for name, properties in events:
        client.capture(name, distinct_id="local_0123456789abcdef", properties=properties, uuid=str(uuid.uuid4()))
    client.shutdown()
    assert errors == []


def reports() -> list[tuple[str, dict[str, Any]]]:
    return [
        ("report_made", COMMON | {"report_format": "pdf", "pages": 12, "scheduled": True, "title": PLANTED}),
        ("report_made", COMMON | {"report_format": PLANTED, "pages": 3}),
        ("report_opened", COMMON | {"report_format": "csv"}),
        ("server_started", COMMON | {"deployment_method": "docker"}),
        ("report_made", COMMON | {"pages": 3}),
        ("report_shared", COMMON | {"with": PLANTED}),
    ]


def test_its_events_are_counted_apart_from_those_of_other_products(both: Talk) -> None:
    send(both, "report-service", reports())
    send(both, "dot-ai", [(event["event"], event["properties"]) for event in to_capture()])
    send(both, "dot-ai", reports()[:3])
    wait_for(lambda: both.counted("dot-ai") == expected(), "the events of dot-ai")
    theirs = Counter({"report_made": 3, "report_opened": 1, "server_started": 1})
    wait_for(lambda: both.counted("report-service") == theirs, "the events of the report service")
    # An event of an earlier release lacks what was added since, and counts; one that nobody declared does not.
    refused = {
        reason: counter(both.collector, "events_refused", product="report-service", reason=reason)
        for reason in ("invalid", "unknown_event")
    }
    assert refused == {"invalid": 0, "unknown_event": 1}
    rows = chart(both.collector.url, "deployment-methods", product="report-service", range="all")
    assert [(row["deployment_method"], row["starts"]) for row in rows] == [("docker", 1)]
    # The same instance ID in two products is not the same instance.
    assert both.collector.stop() == 0
    assert stored(both, "SELECT count(DISTINCT instance) FROM events") == [(2,)]


def test_its_properties_are_columns_that_are_checked_like_ours(both: Talk) -> None:
    send(both, "report-service", reports())
    wait_for(lambda: both.counted("report-service").total() == 5, "the events")
    assert both.collector.stop() == 0
    sql = "SELECT event, report_format, pages, scheduled, product_version FROM events ORDER BY ALL"
    assert stored(both, sql) == [
        ("report_made", "other", 3.0, None, "3.1.4"),
        ("report_made", "pdf", 12.0, True, "3.1.4"),
        ("report_made", None, 3.0, None, "3.1.4"),
        ("report_opened", "csv", None, None, "3.1.4"),
        ("server_started", None, None, None, "3.1.4"),
    ]
    for kept in ("store", "journal"):
        assert holds(both.collector.data_dir / kept, PLANTED) == []
    assert PLANTED not in both.collector.output


def test_a_product_is_asked_for_by_name_everywhere(both: Talk) -> None:
    send(both, "report-service", reports())
    wait_for(lambda: both.counted("report-service").total() == 5, "the events")
    asked = ask(both.collector, "GET", "/api/charts/events")
    assert (asked.status, "dot-ai, report-service" in asked.json["error"]) == (400, True)
    with urllib.request.urlopen(f"{both.collector.url}/api/options?product=report-service", timeout=10) as answer:
        assert json.load(answer) == {
            "products": ["dot-ai", "report-service"], "versions": ["3.1.4"], "providers": ["openai"],
        }  # fmt: skip
    page = ask(both.collector, "GET", "/?product=report-service")
    assert (page.status, "report-service" in page.text) == (200, True)
    assert ask(both.collector, "GET", "/api/pages/overview?product=report-service").status == 200


def stored(talk: Talk, sql: str) -> list[tuple[Any, ...]]:
    """The answer of the store's files, which nobody holds any more; `events` are the raw ones of all months."""
    found = []
    for path in sorted((talk.collector.data_dir / "store").glob("events-*.duckdb")):
        with duckdb.connect(str(path), read_only=True) as connection:
            found += connection.execute(sql).fetchall()
    return found
