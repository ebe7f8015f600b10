"""The proof: plant a plan's secrets, run real sessions, collect every byte that is sent or stored, and search them."""

import asyncio
import hashlib
import json
import os
import subprocess
import sys
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
from mcp import StdioServerParameters

from tests.privacy.foreign import KEY, Sender
from tests.privacy.places import PLACES
from tests.privacy.planted import Plan, Secret
from tests.privacy.searching import Needles
from tests.privacy.sessions import Visitor
from tests.privacy.shape import wrongs, wrongs_in_spool
from tests.privacy.surroundings import Surroundings, old_uid, surroundings
from tests.privacy.tee import Request, Tee
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.toolkit_process import start_toolkit
from tests.support.waiting import wait_for

PROGRAM = str(Path(__file__).parent / "programs" / "host.py")
TOOLS = ("echo", "answer", "crash", "misuse", "grow", "by-hand")
CONFIG = f"[products.dot-ai]\ntools = {json.dumps(TOOLS)}\n"
SEARCHED = ("wire", "kubernetes", "spool", "state", "log", "cli", "journal", "database", "answers", "collector log")
"""The areas of the evidence, as the names in it begin."""
COUNTED = ("echo", "answer", "crash")
COMMANDS = (("status",), ("status", "--json"), ("preview",), ("log",), ("log", "--json"), ("dictionary",))
_CLI = "import sys; from footfall.cli.main import main; sys.exit(main(sys.argv[1:]))"
_OTHERS_LINES = 3
_OTHERS = 0o077


@dataclass(frozen=True)
class Host:
    """A host application over stdio: the kind of its server, its Python, its client's protocol, its cluster."""

    kind: str
    cluster: str
    modern: bool = False
    python: str = sys.executable


OWN = (Host("mcpserver", "new"), Host("lowlevel", "old", modern=True))
"""Those of the SDK that this repository's own environment has."""


@dataclass
class Evidence:
    """What is left of the sessions: bytes by where they were found, and what was called.

    Attributes:
        ids: the instance IDs that there should be.
        open: a sentence for each thing that other users of the machine may read.
    """

    found: dict[str, bytes] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    called: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    open: list[str] = field(default_factory=list)

    def tree(self, area: str, directory: Path) -> None:
        """Keep every file below a directory, and its name."""
        for path in sorted(directory.rglob("*")):
            name = str(path.relative_to(directory))
            self.found[f"{area}/{name}"] = name.encode() + b"\n" + (path.read_bytes() if path.is_file() else b"")

    def closed(self, area: str, *paths: Path) -> None:
        """Note which of these other users of the machine may read."""
        self.open += [f"{area}: others may read {path.name}" for path in paths if path.stat().st_mode & _OTHERS]

    def of(self, *areas: str) -> dict[str, bytes]:
        """What was found in some areas."""
        return {where: content for where, content in self.found.items() if where.split("/")[0] in areas}


def source_path(source: Path | None) -> dict[str, str]:
    """The variable that makes processes run a copy of the source instead of the source itself."""
    if source is None:
        return {}
    return {"PYTHONPATH": os.pathsep.join(str(source / part / "src") for part in ("client", "collector"))}


def gather(plan: Plan, directory: Path, source: Path | None = None, hosts: tuple[Host, ...] = OWN) -> Evidence:
    """Run everything below an empty directory.

    Args:
        source: a copy of the repository's two packages to run instead of these.
        hosts: run over stdio, one after the other; then one is run over HTTP.
    """
    evidence, data = Evidence(), directory / "data"
    (directory / "plan.json").write_text(json.dumps({place: plan.texts(place) for place in plan.secrets}))
    (directory / "collector.toml").write_text(CONFIG)
    python = source_path(source)
    config = directory / "collector.toml"
    with surroundings(plan, directory) as around:
        # One journal segment for all of it, so that it is there to be read.
        with start_collector(data, python, config=config, segment_seconds=3600) as collector:
            _run_clients(plan, around, collector, evidence, python, directory, hosts)
            _abuse(plan, collector, evidence)
            evidence.tree("journal", data)
        evidence.found["collector log/first"] = collector.output.encode()
        with start_collector(data, python, config=config) as collector:
            _ask(plan, collector, evidence)
        evidence.found["collector log/second"] = collector.output.encode()
        evidence.tree("database", data)
        evidence.closed("database", data)
        evidence.found["database/rows"] = _rows(data)
    return evidence


def _run_clients(
    plan: Plan,
    around: Surroundings,
    collector: CollectorProcess,
    evidence: Evidence,
    python: dict[str, str],
    directory: Path,
    hosts: tuple[Host, ...],
) -> None:
    """The sessions. The first ones wait in the spool, where they are looked at; then all is sent."""
    with Tee(collector.port, plan.one("senders")) as tee:
        sending = {"DOT_AI_POSTHOG_HOST": tee.url, "DOT_AI_TELEMETRY_FLUSH_SECONDS": "0.2"}
        sending |= {"PRIVACY_PLAN": str(directory / "plan.json"), **python}
        visitor = Visitor(plan, directory / "stderr")
        named = dict(zip(("AI_PROVIDER", "DOT_AI_DEPLOYMENT_METHOD"), plan.texts("words"), strict=False))
        for number, host in enumerate(hosts):
            log = {"PRIVACY_LOG": str(directory / f"log-{number}")}
            environment = around.environment(host.cluster, **sending, **log, DOT_AI_TELEMETRY_GRACE_SECONDS="3600")
            where = _over_stdio(host, environment | (named if host.cluster == "old" else {}), around)
            asyncio.run(visitor.everything(where, number, modern=host.modern))
        evidence.tree("spool", around.state)
        _leave_in_spool(plan, around)
        log = {"PRIVACY_LOG": str(directory / "log-http")}
        environment = around.environment("new", **sending, **log, DOT_AI_TELEMETRY_GRACE_SECONDS="0")
        _over_http(environment, visitor, tee, around)
        evidence.requests, evidence.called = tee.requests(), visitor.called
        evidence.found["wire/raw"] = tee.raw()
        evidence.found["wire/text"] = b"\n".join(request.text for request in evidence.requests)
    asked = [request for api in around.clusters.values() for request in api.asked]
    evidence.found["kubernetes/asked"] = repr([(a.method, a.path, a.headers) for a in asked]).encode()
    evidence.tree("state", around.state)
    evidence.closed("state", *around.state.iterdir(), *(p for p in around.state.rglob("*") if p.is_file()))
    for path in (*directory.glob("log-*"), visitor.errors):
        evidence.found[f"log/{path.name}"] = path.read_bytes()
    _command_line(around, environment, evidence)


def _over_stdio(host: Host, environment: dict[str, str], around: Surroundings) -> StdioServerParameters:
    arguments = [PROGRAM, host.kind, "stdio", *around.plan.texts("command line")]
    given = {name: value for name, value in environment.items() if name != "PATH"}
    return StdioServerParameters(command=host.python, args=arguments, env=given, cwd=str(around.work))


def _over_http(environment: dict[str, str], visitor: Visitor, tee: Tee, around: Surroundings) -> None:
    command = (PROGRAM, "mcpserver", "http", *around.plan.texts("command line"))
    with start_toolkit(environment, "http", *command) as host:
        asyncio.run(visitor.everything(host.url, 2, modern=False))
        asyncio.run(visitor.everything(host.url, 3, modern=True))
        for modern in (False, True):
            asyncio.run(visitor.in_turn(host.url, modern=modern))
        wait_for(lambda: _sent(tee) >= _expected(visitor.called), "all calls on the wire", 60)
    with visitor.errors.open("a") as errors:
        errors.write(host.output)


def _sent(tee: Tee) -> Counter[str]:
    """How often each tool was called, as the wire has it."""
    events = [event for request in tee.requests() for event in json.loads(request.text)["batch"]]
    tools = [event["properties"].get("tool") for event in events if event["event"] == "tool_executed"]
    return Counter(tool for tool in tools if tool in COUNTED)


def _expected(called: list[str]) -> Counter[str]:
    return Counter(tool for tool in called if tool in COUNTED)


def _leave_in_spool(plan: Plan, around: Surroundings) -> None:
    """What another program, or an older version without any rules, could have left to be sent."""
    lines = []
    for number, text in enumerate(plan.texts("spool")):
        # What has the form of a tool's name could be one of the version that left it.
        properties = {
            "tool": f"{text} & sons",
            "success": True,
            "duration_ms": 5,
            "mcp_client": text,
            "note": text,
            text: text,
        }
        for event in ("tool_executed", text):
            line = {"e": event, "t": int(time.time()), "u": uuid.uuid4().hex, "p": properties}
            lines.append(json.dumps(line).encode())
        lines.append(json.dumps({"e": "tool_executed", "t": int(time.time()), "u": text, "p": properties}).encode())
        common = {"ai_provider": text, "dot_ai_version": text, "is_internal": text, "who": text}
        facts = {"common": common, "instance": text, "kubernetes": text, "deployment": text}
        header = json.dumps({"v": 1, "offset": 1024, "facts": facts, "boot": "", "zero": 0.0}).encode()
        if len(header) < 1024:
            path = around.state / "dot-ai" / "spool" / f"{number:011d}-{uuid.uuid4().hex[:16]}.seg"
            path.write_bytes(header.ljust(1023) + b"\n" + b"\n".join(lines[-_OTHERS_LINES:]) + b"\n")


def _command_line(around: Surroundings, environment: dict[str, str], evidence: Evidence) -> None:
    """Everything that the command line says, but for where the state directory is: its user knows."""
    for command in COMMANDS:
        arguments = [sys.executable, "-c", _CLI, *command, "--product", "dot-ai"]
        done = subprocess.run(arguments, env=environment, cwd=around.work, capture_output=True, timeout=60, check=False)
        said = [line for line in (done.stdout + done.stderr).splitlines() if b"state" not in line[:20]]
        evidence.found[f"cli/{' '.join(command)}"] = b"\n".join(said)
    about = json.loads((around.state / "dot-ai" / "identity.json").read_text())
    uid = around.uids["new"].lower()
    evidence.ids = {f"cluster_{hashlib.sha256(uid.encode()).hexdigest()[:16]}", str(about["id"])}


def _abuse(plan: Plan, collector: CollectorProcess, evidence: Evidence) -> None:
    sender = Sender(collector.port, plan)
    sender.send_all()
    for path in ("/metrics", "/healthz", "/api/health"):
        sender.get(path)
    evidence.found["answers/to senders"] = b"\n".join(sender.answers)


def _ask(plan: Plan, collector: CollectorProcess, evidence: Evidence) -> None:
    """Everything that the collector shows, once all is loaded."""
    sender = Sender(collector.port, plan)
    listed = json.loads(sender.get("/api/charts").partition(b"\n")[2])["charts"]
    for chart in listed:
        for form in ("", ".csv"):
            sender.get(f"/api/charts/{chart['id']}{form}?internal=all")
    for path in ("/", "/api/options", "/api/releases", "/api/health", "/api/other", "/metrics"):
        sender.get(path)
    evidence.found["answers/to readers"] = b"\n".join(sender.answers)


def _rows(data: Path) -> bytes:
    """Every row of every table of every database file: the files themselves may be compressed."""
    found = []
    for path in sorted(data.rglob("*.duckdb")):
        with duckdb.connect(str(path), read_only=True) as database:
            tables = database.execute("SELECT table_schema, table_name FROM information_schema.tables").fetchall()
            for schema, table in tables:
                found += [repr(row) for row in database.execute(f'SELECT * FROM "{schema}"."{table}"').fetchall()]
    return "\n".join(found).encode()


def findings(plan: Plan, evidence: Evidence) -> list[str]:
    """What breaks the promise, a sentence each."""
    uid = plan.one("cluster UID").lower()
    allowed = {hashlib.sha256(uid.encode()).hexdigest()[:16].encode()}
    old = old_uid(plan)
    marks = (old, old.replace("-", ""), old.rpartition("-")[2])
    planted = [*plan.all(), Secret("cluster UID", "uuid of version 1", old, marks)]
    ids = [
        Secret("instance ID", "as sent", one, (one, one.partition("_")[2], f"dot-ai\0{one}")) for one in evidence.ids
    ]
    client, collector = SEARCHED[: SEARCHED.index("journal")], SEARCHED[SEARCHED.index("journal") :]
    known = {place.name for place in PLACES} - {"kubeconfig"}
    on_the_way = Needles([secret for secret in planted if secret.place in known], allowed)
    finds = Needles(planted, allowed).search(evidence.of(*(area for area in client if area != "kubernetes")))
    finds += on_the_way.search(evidence.of("kubernetes"))
    finds += Needles([*planted, *ids]).search(evidence.of(*collector))
    wrong = wrongs(evidence.requests, KEY, evidence.ids) + wrongs_in_spool(evidence.of("spool"))
    return [str(find) for find in finds] + wrong + evidence.open


def missing(evidence: Evidence) -> list[str]:
    """What should be there to be searched and is not: a proof about nothing would prove nothing."""
    seen = {area: b"\n".join(evidence.of(area).values()) for area in SEARCHED}
    witnesses = {
        "wire": b'"tool_executed"',
        "kubernetes": b"/api/v1/namespaces/kube-system",
        "spool": b'"tool_executed"',
        "state": b'"tool_executed"',
        "log": b"dot-ai collects usage analytics",
        "cli": b"tool_executed",
        "journal": b'"tool_executed"',
        "database": b"'tool_executed'",
        "answers": b"events_accepted",
        "collector log": b"listening on",
    }
    found = [f"{area}: {witness!r} is not there" for area, witness in witnesses.items() if witness not in seen[area]]
    events = [event for request in evidence.requests for event in json.loads(request.text)["batch"]]
    sent = Counter(event["properties"].get("tool") for event in events if event["event"] == "tool_executed")
    calls = _expected(evidence.called)
    found += [f"wire: {sent[tool]} of {count} calls of {tool}" for tool, count in calls.items() if sent[tool] != count]
    rows = evidence.found["database/rows"]
    found += [f"database: no row of {tool}" for tool in COUNTED if f"'{tool}'".encode() not in rows]
    return found
