"""The report of a product whose only source is a catalogue file has every property of its events."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from collector.tests.app.http import ask, counter, post
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.waiting import wait_for

CATALOGUE = """
from typing import Annotated
from footfall.catalogue import Amount, Event, ExtraProperties, Flag, Identifier, Property, Version, Vocabulary

def said(kind, **more):
    return Property(kind, meaning="Of a backup", purpose="Try it", question="next", required=False, **more)

class Backup(Event, frozen=True, tag="backup"):
    meaning = "A backup ended."
    trigger: Annotated[str, said(Vocabulary("trigger", ("hand", "timer")))]
    complete: Annotated[bool, said(Flag())]
    engine: Annotated[str, said(Version())]
    step: Annotated[str, said(Identifier())]
    seconds: Annotated[float, said(Amount("seconds", 86400))]
    old: Annotated[bool, said(Flag(), retired="2.0")]

class Restore(Event, frozen=True, tag="restore"):
    meaning = "A restore ended."

class OfCalls(ExtraProperties, frozen=True, tag="tool_executed"):
    plan: Annotated[str, said(Vocabulary("plan", ("free", "paid")))]

EVENTS = (Backup, Restore, OfCalls)
"""


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    data = tmp_path_factory.mktemp("own") / "data"
    data.mkdir()
    (data / "own.py").write_text(CATALOGUE)
    (data / "footfall.toml").write_text('[products.own]\ncatalogue = "own.py"\n')
    key = {"key": "phc_own", "product": "own", "added": "2026-01-01T00:00:00Z"}
    (data / "keys.json").write_text(json.dumps({"keys": [key]}))
    with start_collector(data, segment_seconds=0.1) as running:
        batch = [_event(number) for number in range(40)] + [
            _event(99, "tool_executed", tool="query", success=True, duration_ms=5, plan="paid")
        ]
        assert post(running, json.dumps({"api_key": "phc_own", "batch": batch}).encode()).status == 200
        wait_for(lambda: counter(running, "events_stored") == len(batch), "the events")
        yield running


def _event(number: int, name: str = "backup", **properties: object) -> dict[str, Any]:
    backup = {
        "trigger": "timer" if number % 4 else "hand",
        "complete": number % 2 == 0,
        "engine": "1.2.0" if number < 30 else "1.3.0",
        "step": "Copy",
        "seconds": number + 1,
    }
    return {
        "event": name,
        "uuid": f"6f5b2f6e-8f0c-4a39-9d0e-{number:012d}",
        "distinct_id": f"cluster_{number % 5:0>16}",
        "properties": {"own_version": "2.0.0", "ai_provider": "openai", **(properties or backup)},
    }


def tables(collector: CollectorProcess, query: str = "range=7d") -> dict[str, list[list[Any]]]:
    section = ask(collector, "GET", f"/api/report?{query}").json["sections"][-1]
    assert section["heading"] == "What do the product's own events say?"
    return {table["title"]: table["rows"] for table in section["tables"]}


def test_every_property_has_its_table(collector: CollectorProcess) -> None:
    shown = tables(collector)
    assert shown.pop("backup: engine, share over time") == [["1.2.0", 30, 0.75], ["1.3.0", 10, 0.25]]
    distribution = shown.pop("backup: seconds, distribution")
    assert distribution[0] == [1, 4, 4, 0.1]
    assert [row[2] for row in distribution] == [4] * 10
    assert shown == {
        "Own events": [["backup", 40, 5], ["restore", 0, 0]],
        "backup: trigger": [["timer", 30, 0.75], ["hand", 10, 0.25]],
        "backup: complete": [["false", 20, 0.5], ["true", 20, 0.5]],
        "backup: step": [["Copy", 40, 1.0]],
        "backup: seconds, percentiles": [[40, 20.5, pytest.approx(38.05), pytest.approx(39.61)]],
        "tool_executed: plan": [["paid", 1, 1.0]],
    }


def test_the_tables_obey_the_filters(collector: CollectorProcess) -> None:
    shown = tables(collector, "range=7d&where=backup.trigger:is:hand")
    assert shown["backup: trigger"] == [["hand", 10, 1.0]]
    assert shown["Own events"][0][1] == 10
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert tables(collector, f"start={today}&end={today}")["backup: trigger"] == [
        ["timer", 30, 0.75],
        ["hand", 10, 0.25],
    ]


@pytest.mark.parametrize("form", ["terminal", "markdown", "html"])
def test_every_form_of_the_report_has_them(collector: CollectorProcess, form: str) -> None:
    command = [sys.executable, "-m", "footfall_collector", "report", "--url", collector.url, "--format", form]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    text = " ".join(ran.stdout.replace("&#39;", "'").split())  # a terminal's titles are as wide as their tables
    for words in ("own events say", "happened", "backup: trigger", "seconds, distribution", "share over time"):
        assert words in text, words


def test_a_product_without_own_events_has_four_sections(tmp_path_factory: pytest.TempPathFactory) -> None:
    with start_collector(tmp_path_factory.mktemp("plain") / "data") as plain:
        assert len(ask(plain, "GET", "/api/report").json["sections"]) == 4


def test_an_event_without_properties_has_its_number_over_time(collector: CollectorProcess) -> None:
    questions = ask(collector, "GET", "/api/charts").json["questions"]
    [question] = [each for each in questions if each["event"] == "restore"]
    assert (question["property"], question["meaning"], question["shape"]) == ("", "A restore ended.", "over time")
    answer = ask(collector, "GET", f"{question['ask']}&range=7d").json
    assert answer["columns"] == ["day", "events"]
