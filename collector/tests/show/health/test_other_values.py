"""Which values are only known as `other`: counted from the store, by property and version, with the line to add."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from collector.tests.app.http import ask, counter, post
from footfall.catalogue import catalogue_for
from footfall_collector.runtime import ProductSettings
from footfall_collector.show.health.other_values import line_to_add
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.waiting import wait_for

SETTINGS = """
[products.shop]
tools = ["sort", "find"]

[products.post]
"""
KEYS = [{"key": f"phc_{name}", "product": name, "added": "2026-01-01T00:00:00Z"} for name in ("shop", "post")]
SECRET = "hunter2-tool"
TODAY = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
EARLIER = TODAY - timedelta(days=5)


def call(product: str, version: str, when: datetime, tool: str, client: str = "cursor-vscode") -> dict[str, Any]:
    properties = {
        "tool": tool,
        "success": True,
        "duration_ms": 5,
        "mcp_client": client,
        f"{product}_version": version,
        "ai_provider": "openai",
    }
    return {"event": "tool_executed", "distinct_id": "a", "timestamp": when.isoformat(), "properties": properties}


SENT = {
    "shop": [
        call("shop", "2.0.0", TODAY, "other"),
        call("shop", "1.0.0", EARLIER, SECRET),
        call("shop", "1.0.0", TODAY, SECRET),
        call("shop", "1.0.0", TODAY, "sort"),
    ],
    "post": [call("post", "3.0.0", TODAY, "any_name", "a client of theirs"), call("post", "nightly", TODAY, "x")],
}


def others(collector: CollectorProcess) -> list[dict[str, Any]]:
    answer = ask(collector, "GET", "/api/other")
    assert SECRET not in answer.text
    assert "theirs" not in answer.text
    found: list[dict[str, Any]] = answer.json["properties"]
    return found


def day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def test_each_property_has_its_number_versions_and_first_day_and_keeps_them_over_a_restart(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "footfall.toml").write_text(SETTINGS)
    (data / "keys.json").write_text(json.dumps({"keys": KEYS}))
    with start_collector(data) as collector:
        assert others(collector) == []
        for product, events in SENT.items():
            assert post(collector, json.dumps({"api_key": f"phc_{product}", "batch": events}).encode()).status == 200
        wait_for(lambda: counter(collector, "events_stored") == 6, "the events", 30)
        wait_for(lambda: len(others(collector)) == 3, "the counts", 30)
    with start_collector(data) as collector:
        found = others(collector)
        [table] = [t for t in ask(collector, "GET", "/api/health").json["tables"] if t["id"] == "other"]
    client, version, tool = found
    assert [client["product"], client["event"], client["property"]] == ["post", "tool_executed", "mcp_client"]
    assert client["versions"] == [{"version": "3.0.0", "values": 1, "since": day(TODAY)}]
    assert [version["product"], version["event"], version["property"]] == ["post", None, "product_version"]
    assert version["versions"] == [{"version": "other", "values": 1, "since": day(TODAY)}]
    assert tool == {
        "product": "shop",
        "event": "tool_executed",
        "property": "tool",
        "values": 3,
        "since": day(EARLIER),
        "versions": [
            {"version": "1.0.0", "values": 2, "since": day(EARLIER)},
            {"version": "2.0.0", "values": 1, "since": day(TODAY)},
        ],
        "add": 'tools = ["sort", "find", "NAME"] below [products.shop] in footfall.toml; and '
        'telemetry.register_tools("NAME") in the product, unless its server registers the tool',
    }
    assert table["rows"][2] == ["shop", "tool_executed.tool", 3, day(EARLIER), "1.0.0, 2.0.0", tool["add"]]


IN_PRODUCT = 'Product("shop", client_names=("NAME",)) in the product'
OWN = """
from typing import Annotated

from footfall.catalogue import Event, ExtraProperties, Flag, Property, Vocabulary

PLAN = Vocabulary("plan", ("free", 'half "\\\\"'), (("gratis", "free"),))
PLANS = Property(PLAN, meaning="The plan", purpose="Count plans", question="next")


class OfCalls(ExtraProperties, frozen=True, tag="tool_executed"):
    plan: Annotated[str, PLANS]


class Sold(Event, frozen=True, tag="sold"):
    meaning = "Something was sold."

    plan: Annotated[str, PLANS]
    again: Annotated[bool, Property(Flag(), meaning="Again", purpose="Count", question="next")]


EVENTS = (OfCalls, Sold)
"""


def test_a_products_own_properties_are_counted_too(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "footfall.toml").write_text('[products.shop]\ncatalogue = "own.py"\n')
    (data / "own.py").write_text(OWN)
    (data / "keys.json").write_text(json.dumps({"keys": KEYS[:1]}))
    batch = [call("shop", "1.0.0", TODAY, "sort"), call("shop", "1.0.0", TODAY, "sort")]
    batch[0]["properties"]["plan"] = SECRET
    batch[1]["properties"]["plan"] = "free"
    sold = {"plan": SECRET, "again": True, "shop_version": "2.0.0"}
    batch.append({"event": "sold", "distinct_id": "a", "timestamp": EARLIER.isoformat(), "properties": sold})
    with start_collector(data) as collector:
        assert post(collector, json.dumps({"api_key": "phc_shop", "batch": batch}).encode()).status == 200
        wait_for(lambda: len(others(collector)) == 2, "the counts", 30)
        found = others(collector)
    plan = r'Vocabulary("plan", ("free", "half \"\\\"", "NAME"), (("gratis", "free"),))'
    add = f"{plan} in the catalogue of shop, at both ends"
    assert [(each["event"], each["property"], each["versions"], each["add"]) for each in found] == [
        ("tool_executed", "plan", [{"version": "1.0.0", "values": 1, "since": day(TODAY)}], add),
        ("sold", "plan", [{"version": "2.0.0", "values": 1, "since": day(EARLIER)}], add),
    ]


LINES = [
    ("tool_executed", "tool", 'telemetry.register_tools("NAME") in the product, for a tool that its code names'),
    (
        "client_connected",
        "mcp_client",
        f'client_names = ["mine", "NAME"] below [products.shop] in footfall.toml; and {IN_PRODUCT}',
    ),
    ("server_started", "deployment_method", "no line: the words of `deployment_method` come with Footfall"),
    ("", "ai_provider", "no line: the words of `ai_provider` come with Footfall"),
    (
        "",
        "product_version",
        'no line: the text is no version, which begins with a number; Product("shop", version=…) gives it',
    ),
    ("client_connected", "mcp_client_version", "no line: the text is no version, which begins with a number"),
    ("tool_error", "error_type", "no line: the text is no identifier, which has letters, digits and _ only"),
]


@pytest.mark.parametrize(("event", "name", "line"), LINES, ids=lambda value: value or "every")
def test_the_line_says_where_it_belongs(event: str, name: str, line: str) -> None:
    settings = ProductSettings(client_names=("mine",))
    assert line_to_add(catalogue_for("shop"), event, name, settings) == line
