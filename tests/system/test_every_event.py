"""A real server process, real MCP clients of both protocol eras, and every byte that leaves.

Each test says what happened and compares it with every property of every event.
"""

import hashlib
import json
import os
import signal
import socket
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil
import pytest
from jsonschema import Draft202012Validator

from footfall import __version__
from scripts.demo.shop import CLUSTER_UID
from scripts.demo.standin import StandIn
from scripts.demo.visitors import GOOD
from tests.support.capture_server import CaptureServer
from tests.support.matching import RandomUuid, Second, TwoDigits
from tests.support.mcp_clients import Call, Caller, Outcome
from tests.support.toolkit_process import (
    ToolkitProcess,
    clean_environment,
    over_stdio,
    start_toolkit,
    telemetry_to,
)
from tests.support.waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]
DICTIONARY = Draft202012Validator(json.loads((ROOT / "docs/dictionary.json").read_text()))
SLOW_SECONDS = 0.25
CONSTANTS = {"$geoip_disable": True, "$process_person_profile": False, "$ip": "0.0.0.0"}
OLD = Caller("cursor-vscode", "1.9.3", modern=False)
MODERN = Caller("claude-code", "2.0.51", modern=True)
ERAS = pytest.mark.parametrize("caller", [OLD, MODERN], ids=["initialize", "2026-07-28"])

Event = dict[str, Any]


class SlowCluster(StandIn):
    """A Kubernetes API that takes its time, so that a call has a duration that is known."""

    def answer(self, target: str, accept: str) -> tuple[int, bytes, str]:
        threading.Event().wait(SLOW_SECONDS)
        return super().answer(target, accept)


class Story:
    """What should be sent: built from what happened, in the order it happened."""

    def __init__(self, instance: str, **common: Any) -> None:
        self.events: list[Event] = []
        self._instance = instance
        self._began = time.time()
        self._common = {"dot_ai_version": "2.2.0", "ai_provider": "none", "is_internal": False, **common}

    def happened(self, event: str, **own: Any) -> None:
        """One event with its own properties."""
        properties = {**own, **self._common, **CONSTANTS}
        moment = Second(self._began - 60, time.time() + 60)
        head = {"event": event, "uuid": RandomUuid(), "distinct_id": self._instance, "timestamp": moment}
        self.events.append({**head, "properties": properties})

    def connected(self, caller: Caller, transport: str) -> None:
        self.happened(
            "client_connected", mcp_client=caller.name, mcp_client_version=caller.version, transport=transport
        )

    def called(self, caller: Caller, outcome: Outcome, error: str | None = None, least: float = 0.0) -> None:
        """A call, with the class of its error, and the milliseconds it took at least."""
        known = "other" if outcome.tool == "no_such_tool" else outcome.tool
        took = TwoDigits(least, outcome.milliseconds)
        assert outcome.failed is (error is not None), outcome.text
        self.happened("tool_executed", tool=known, success=error is None, duration_ms=took, mcp_client=caller.name)
        if error is not None:
            self.happened("tool_error", tool=known, error_type=error)


def instance_in(state: Path) -> str:
    """The random ID that the state directory keeps."""
    return str(json.loads((state / "identity.json").read_text())["id"])


def check_protocol(capture: CaptureServer) -> None:
    """Every request is PostHog's batch and nothing more; every event is as the dictionary says, and comes once."""
    for request in capture.requests:
        assert (request.method, request.path) == ("POST", "/batch/")
        assert {name.lower(): value for name, value in request.headers} == {
            "host": capture.url.removeprefix("http://"),
            "content-length": str(len(request.body)),
            "content-type": "application/json",
            "content-encoding": "gzip",
            "accept-encoding": "identity",
            "user-agent": f"footfall/{__version__}",
        }
        body = request.decoded
        assert body.keys() == {"api_key", "batch", "sent_at"}
        assert body["api_key"] == "phc_test"
        assert body["sent_at"] == Second(time.time() - 120, time.time())
        for event in body["batch"]:
            DICTIONARY.validate(event)
    uuids = [event["uuid"] for event in capture.events]
    assert len(uuids) == len(set(uuids))


def stopped(capture: CaptureServer) -> list[Event]:
    """All events, once the farewell has come."""
    capture.wait_for("server_stopped")
    check_protocol(capture)
    return capture.events


GIRAFFE = "violet-giraffe"  # stands in every argument and must be in nothing that leaves
IN_A_CLUSTER: tuple[Call, ...] = (
    ("version", {}),
    ("query", {"kind": "pods", "label_selector": f"app={GIRAFFE}"}),
    ("query", {"kind": "nodes"}),
    ("describe", {"kind": "pod", "name": GIRAFFE, "namespace": "shop"}),
    ("query", {"kind": GIRAFFE}),
    ("logs", {"namespace": GIRAFFE}),
    ("no_such_tool", {"argument": GIRAFFE}),
    ("validate_manifest", {"manifest": GOOD.replace("web", GIRAFFE)}),
)
SLOW_MS = SLOW_SECONDS * 1000
ITS_ERRORS: tuple[tuple[str | None, float], ...] = (
    # The class of the exception behind each, and the least it took: one slow request, or two, or none.
    (None, SLOW_MS),
    (None, SLOW_MS),
    ("ForbiddenException", SLOW_MS),
    ("NotFoundException", SLOW_MS),
    ("UnknownKindError", 2 * SLOW_MS),
    ("ValidationError", 0.0),
    ("ToolError", 0.0),
    (None, 0.0),
)


def in_a_cluster(home: Path, capture: CaptureServer, kubeconfig: str, **more: str) -> dict[str, str]:
    home.mkdir()
    (home / "kubeconfig").write_text(kubeconfig)
    keys = {"ANTHROPIC_API_KEY": GIRAFFE, "DOT_AI_DEPLOYMENT_METHOD": "helm", "KUBECONFIG": str(home / "kubeconfig")}
    return clean_environment(home, **telemetry_to(capture.url), **keys, **more)


@ERAS
def test_over_http_in_a_cluster_every_property_of_every_event_is_what_happened(caller: Caller, tmp_path: Path) -> None:
    cluster = SlowCluster(forbidden=("nodes",)).start()
    with CaptureServer() as capture:
        instance = f"cluster_{hashlib.sha256(CLUSTER_UID.encode()).hexdigest()[:16]}"
        story = Story(instance, ai_provider="anthropic")
        story.happened("server_started", k8s_version="1.34.2", deployment_method="helm")
        began = time.monotonic()
        with start_toolkit(in_a_cluster(tmp_path / "home", capture, cluster.kubeconfig)) as toolkit:
            # It listens before it serves; from its first answer on it serves for certain.
            urllib.request.urlopen(toolkit.url.replace("/mcp", "/healthz"), timeout=10).close()
            serving = time.monotonic()
            outcomes = caller.call(toolkit.url, *IN_A_CLUSTER)
            story.connected(caller, "streamable-http")
            for outcome, (error, least) in zip(outcomes, ITS_ERRORS, strict=True):
                story.called(caller, outcome, error, least)
            least = time.monotonic() - serving
            assert toolkit.end(signal.SIGTERM) == -signal.SIGTERM
        story.happened("server_stopped", uptime_seconds=TwoDigits(least, time.monotonic() - began))
        assert stopped(capture) == story.events
        assert GIRAFFE not in json.dumps([request.decoded for request in capture.requests])
    cluster.stop()


@ERAS
def test_over_stdio_without_a_cluster_every_property_of_every_event_is_what_happened(
    caller: Caller, tmp_path: Path
) -> None:
    calls: tuple[Call, ...] = (("version", {}), ("events", {"namespace": GIRAFFE}), ("no_such_tool", {}), ("logs", {}))
    with CaptureServer() as capture:
        environment = clean_environment(tmp_path / "home", **telemetry_to(capture.url), AI_PROVIDER="Groq")
        began = time.monotonic()
        outcomes = caller.call(over_stdio(environment), *calls)
        found = stopped(capture)
        most = time.monotonic() - began
        story = Story(instance_in(tmp_path / "home/.local/state/footfall/dot-ai"), ai_provider="groq")
        story.happened("server_started", deployment_method=surroundings())
        story.connected(caller, "stdio")
        for outcome, error in zip(outcomes, (None, "ConfigException", "ToolError", "ValidationError"), strict=True):
            story.called(caller, outcome, error)
        story.happened("server_stopped", uptime_seconds=TwoDigits(0.0, most))
        assert found == story.events
        assert GIRAFFE not in json.dumps([request.decoded for request in capture.requests])


def surroundings() -> str:
    """The deployment method where no manifest names one."""
    marks = ("/.dockerenv", "/run/.containerenv")
    return "docker" if any(os.path.exists(mark) for mark in marks) else "local"


def test_over_sse_the_transport_is_told_apart(tmp_path: Path) -> None:
    with CaptureServer() as capture:
        environment = clean_environment(tmp_path / "home", **telemetry_to(capture.url))
        with start_toolkit(environment, "sse") as toolkit:
            (outcome,) = OLD.call(toolkit.url, ("version", {}))
        story = Story(instance_in(tmp_path / "home/.local/state/footfall/dot-ai"))
        story.happened("server_started", deployment_method=surroundings())
        story.connected(OLD, "sse")
        story.called(OLD, outcome)
        story.happened("server_stopped", uptime_seconds=TwoDigits(0.0, 60.0))
        assert stopped(capture) == story.events


def test_a_name_and_versions_that_nobody_knows_are_cut_to_what_may_be_said(tmp_path: Path) -> None:
    stranger = Caller(f"{GIRAFFE}'s own client", "7.1.2.3-nightly", modern=False)
    careful = Caller("goose", "v1.14.2-internal+abc", modern=True)
    with CaptureServer() as capture:
        more = {"AI_PROVIDER": GIRAFFE, "DOT_AI_DEPLOYMENT_METHOD": GIRAFFE}
        environment = clean_environment(tmp_path / "home", **telemetry_to(capture.url), **more)
        with start_toolkit(environment) as toolkit:
            stranger.call(toolkit.url, ("version", {}))
            careful.call(toolkit.url, ("version", {}))
        events = stopped(capture)
        assert [e["properties"]["deployment_method"] for e in events if e["event"] == "server_started"] == ["other"]
        assert {e["properties"]["ai_provider"] for e in events} == {"other"}
        connected = [e["properties"] for e in capture.named("client_connected")]
        said = [(c["mcp_client"], c["mcp_client_version"]) for c in connected]
        assert said == [("other", "other"), ("goose", "1.14.2")]
        assert [e["properties"]["mcp_client"] for e in capture.named("tool_executed")] == ["other", "goose"]
        assert GIRAFFE not in json.dumps([request.decoded for request in capture.requests])


@pytest.mark.parametrize("variable", ["CI", "GITHUB_ACTIONS", "PYTEST_CURRENT_TEST"])
def test_events_of_ci_and_of_tests_say_that_they_are_internal(variable: str, tmp_path: Path) -> None:
    with CaptureServer() as capture:
        environment = clean_environment(tmp_path / "home", **telemetry_to(capture.url), **{variable: "true"})
        environment["DOT_AI_TELEMETRY"] = "true"  # under pytest it is off otherwise
        OLD.call(over_stdio(environment), ("version", {}))
        assert [e["properties"]["is_internal"] for e in stopped(capture)] == [True] * 4


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_over_stdio_is_a_farewell_too(number: signal.Signals, tmp_path: Path) -> None:
    with CaptureServer() as capture:
        environment = clean_environment(tmp_path / "home", **telemetry_to(capture.url))

        def end_it() -> None:
            (server,) = (c for c in psutil.Process().children() if "footfall_toolkit" in c.cmdline())
            server.send_signal(number)
            capture.wait_for("server_stopped")

        OLD.call(over_stdio(environment), ("version", {}), during=end_it)
        names = [event["event"] for event in stopped(capture)]
        assert names == ["server_started", "client_connected", "tool_executed", "server_stopped"]


def ports_of(toolkit: ToolkitProcess) -> set[int]:
    """The ports of others that the process is connected to."""
    connections = psutil.Process(toolkit.pid).net_connections("inet")
    return {c.raddr.port for c in connections if c.raddr}


def test_the_server_speaks_to_the_host_of_its_telemetry_and_to_nobody_else(tmp_path: Path) -> None:
    """Told by the kernel, while it starts, serves and sends."""
    with CaptureServer() as capture:
        environment = clean_environment(tmp_path / "home", **telemetry_to(capture.url))
        with start_toolkit(environment) as toolkit:
            seen: set[int] = set()

            def sent() -> bool:
                seen.update(ports_of(toolkit))
                return bool(capture.named("server_started"))

            wait_for(sent, "the first event")
            assert seen <= {int(capture.url.rsplit(":", 1)[1])}


def test_a_collector_that_is_not_there_costs_the_server_nothing(tmp_path: Path) -> None:
    """No error reaches the client, the log has one plain line at most, and the end is as quick as ever."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{probe.getsockname()[1]}"
    environment = clean_environment(tmp_path / "home", **telemetry_to(nobody))
    with start_toolkit(environment) as toolkit:
        outcomes = MODERN.call(toolkit.url, ("version", {}), ("version", {}))
        began = time.monotonic()
        assert toolkit.end(signal.SIGTERM) == -signal.SIGTERM
        assert time.monotonic() - began < 5
    assert [outcome.failed for outcome in outcomes] == [False, False]
    assert "Traceback" not in toolkit.output
