"""A product's extra properties of standard events: from an instrumented server to the columns of a real collector."""

import json
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from collector.tests.app.http import ask, counter
from tests.support.collector_process import start_collector
from tests.support.waiting import wait_for

SERVE = """
import asyncio, importlib.util, json, sys
from mcp import Client
from mcp.server.mcpserver import MCPServer
from footfall import Product, Telemetry
from footfall.mcp import instrument

def load(name, path):
    spec = importlib.util.spec_from_file_location("c_" + name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module.EVENTS

async def use(server):
    async with Client(server) as client:
        await client.call_tool("greet", {})

def serve(name, path, values):
    telemetry = Telemetry(Product(name, version="1.0.0", write_key="phc_" + name, catalogue=load(name, path)))
    assert telemetry.active, telemetry.decision
    server = MCPServer(name, log_level="CRITICAL")
    server.tool(name="greet")(lambda: "hello")
    instrument(server, telemetry, properties=lambda tool: values if tool else {"region": values.get("region")})
    asyncio.run(use(server))
    print(telemetry.flush(20), flush=True)
    telemetry.close()

for arguments in json.loads(sys.argv[1]):
    serve(*arguments)
"""
HEAD = """
from typing import Annotated

from footfall.catalogue import Amount, ExtraProperties, Property, Vocabulary


def said(kind, **more):
    return Property(kind, meaning="A meaning", purpose="A purpose", question="tools", **more)


"""
REGION = 'Annotated[str, said(Vocabulary("region", ("eu", "us")))]'
CLIENTS = f'class OfClients(ExtraProperties, frozen=True, tag="client_connected"):\n    region: {REGION}\n\n\n'


def catalogue(plan: str = "", seats: int = 1000) -> str:
    """A catalogue with three extra properties of a call; `plan` is more of that property's declaration."""
    return (
        f'{HEAD}class OfCalls(ExtraProperties, frozen=True, tag="tool_executed"):\n'
        f'    plan: Annotated[str, said(Vocabulary("plan", ("free", "paid")){plan})]\n'
        f'    seats: Annotated[float, said(Amount("seats", {seats}))]\n    region: {REGION}\n\n\n'
        f"{CLIENTS}EVENTS = (OfCalls, OfClients)\n"
    )


NONE = "EVENTS = ()\n"
SENT = {"plan": "paid", "seats": 123.4, "region": "eu"}
NOTHING = {"plan": None, "seats": None, "region": None}
UNKNOWN = {
    f"{event}: properties that are not in this collector's catalogue are left out"
    for event in ("tool_executed", "client_connected")
}


@dataclass(frozen=True)
class Case:
    """The catalogue of a sender and of its collector, what is stored of the call, and what does not fit."""

    sender: str
    collector: str
    stored: dict[str, Any]
    misfits: frozenset[str] = frozenset()


CASES = {
    "same": Case(catalogue(), catalogue(), {"plan": "paid", "seats": 120.0, "region": "eu"}),
    "oldsender": Case(NONE, catalogue(), NOTHING),
    "oldcollector": Case(catalogue(), NONE, NOTHING, frozenset(UNKNOWN)),
    "retired": Case(
        catalogue(),
        catalogue(', retired="2.0"'),
        {"plan": None, "seats": 120.0, "region": "eu"},
        frozenset({"tool_executed.plan: is retired and left out"}),
    ),
    "tightened": Case(catalogue(), catalogue(seats=10), {"plan": "paid", "seats": 10.0, "region": "eu"}),
}


@dataclass(frozen=True)
class Seen:
    """What the collector has: stored events by product and name, and by product what does not fit its catalogue."""

    rows: dict[str, dict[str, dict[str, Any]]]
    misfits: dict[str, set[str]]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    place = tmp_path_factory.mktemp("extra")
    data = place / "data"
    data.mkdir()
    environ, settings, keys, senders = {"PATH": "/usr/bin:/bin", "HOME": str(place)}, "", [], []
    for name, case in CASES.items():
        (data / f"{name}.py").write_text(case.collector)
        (place / f"{name}.py").write_text(case.sender)
        settings += f'[products.{name}]\ncatalogue = "{name}.py"\n'
        keys.append({"key": f"phc_{name}", "product": name, "added": "2026-01-01T00:00:00Z"})
        senders.append([name, str(place / f"{name}.py"), SENT])
    (data / "footfall.toml").write_text(settings)
    (data / "keys.json").write_text(json.dumps({"keys": keys}))
    with start_collector(data) as collector:
        for name in CASES:
            environ |= {f"{name.upper()}_POSTHOG_HOST": collector.url, f"{name.upper()}_TELEMETRY_GRACE_SECONDS": "0"}
        run = [sys.executable, "-c", SERVE, json.dumps(senders)]
        sent = subprocess.run(run, env=environ, capture_output=True, text=True, timeout=120, check=False)
        assert (sent.returncode, sent.stdout.split()) == (0, ["True"] * len(CASES)), sent.stderr
        # Start, connection, call and, at the close, the stop.
        wait_for(lambda: counter(collector, "events_stored") >= 3 * len(CASES), "the events", 60)
        health = ask(collector, "GET", "/api/health").json
    return Seen(_rows(data), _misfits(health))


def _rows(data: Path) -> dict[str, dict[str, dict[str, Any]]]:
    found: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for path in (data / "store").glob("events-*.duckdb"):
        with duckdb.connect(str(path), read_only=True) as connection:
            answer = connection.execute("FROM events")
            names = [column[0] for column in answer.description or ()]
            for row in answer.fetchall():
                values = dict(zip(names, row, strict=True))
                found[values["product"]][values["event"]] = values
    return found


def _misfits(health: Any) -> dict[str, set[str]]:
    [rows] = [table["rows"] for table in health["tables"] if table["id"] == "misfits"]
    found: dict[str, set[str]] = defaultdict(set)
    for product, what, *_ in rows:
        found[product].add(what)
    return found


@pytest.mark.parametrize("name", CASES)
def test_the_call_is_kept_with_every_property_that_both_ends_know(seen: Seen, name: str) -> None:
    call = seen.rows[name]["tool_executed"]
    assert {key: call[key] for key in CASES[name].stored} == CASES[name].stored
    assert (call["tool"], call["success"], call["mcp_client"]) == ("greet", True, "mcp")
    assert seen.misfits.get(name, set()) == CASES[name].misfits


@pytest.mark.parametrize("name", CASES)
def test_the_connection_has_its_own_and_no_property_of_calls(seen: Seen, name: str) -> None:
    connection = seen.rows[name]["client_connected"]
    assert connection["region"] == CASES[name].stored["region"]
    assert (connection["plan"], connection["seats"], connection["mcp_client"]) == (None, None, "mcp")
