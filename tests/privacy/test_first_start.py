"""The first start of an instance: it says what is collected before anything is sent, and never where a client reads."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from tests.support.capture_server import CaptureServer
from tests.support.toolkit_process import MODULE, clean_environment, start_toolkit, telemetry_to
from tests.support.waiting import wait_for

HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "claude-code", "version": "2.0.1"},
    },
}
READY = {"jsonrpc": "2.0", "method": "notifications/initialized"}
CALL = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "version", "arguments": {}}}
NOTICE = "dot-ai collects usage analytics"
IN_ONE_LINE = '"env": {"DOT_AI_TELEMETRY": "false"}'


def over_stdio(environment: Mapping[str, str], until: Path | None = None) -> tuple[str, str]:
    """A client that writes to the server's stdin: everything on its stdout, and everything on its stderr.

    `until`: stay connected until that file is there.
    """
    command = [sys.executable, *MODULE, "--transport", "stdio"]
    pipe = subprocess.PIPE
    # The host's log breaks lines at the terminal's width.
    wide = {**environment, "COLUMNS": "1000"}
    with subprocess.Popen(command, env=wide, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        for message in (HELLO, READY, CALL):
            server.stdin.write(json.dumps(message) + "\n")
        server.stdin.flush()
        first = [server.stdout.readline(), server.stdout.readline()]
        if until is not None:
            wait_for(until.exists, str(until))
        out, errors = server.communicate(timeout=30)
    return "".join(first) + out, errors


def state_of(environment: Mapping[str, str]) -> Path:
    return Path(environment["HOME"]) / ".local/state/footfall/dot-ai"


def test_over_stdio_the_notice_goes_to_stderr_and_stdout_holds_the_protocol_alone(tmp_path: Path) -> None:
    with CaptureServer() as capture:
        environment = clean_environment(tmp_path / "home", **telemetry_to(capture.url, grace=600))
        out, errors = over_stdio(environment, state_of(environment) / "product.json")
    messages = [json.loads(line) for line in out.splitlines()]
    assert [message["id"] for message in messages if "id" in message] == [1, 2]
    assert all(message["jsonrpc"] == "2.0" for message in messages)
    assert errors.count(NOTICE) == 1
    for part in (
        "Nothing is sent in the first 10 minutes",
        "footfall status | preview | log",
        "DOT_AI_TELEMETRY=false",
        "footfall off --product dot-ai",
        IN_ONE_LINE,
        "Never arguments, results, error messages",
        capture.url,
    ):
        assert part in errors, errors
    assert capture.connections == 0


def test_it_is_said_once_in_an_instances_life(tmp_path: Path) -> None:
    with CaptureServer() as capture:
        environment = clean_environment(tmp_path / "home", **telemetry_to(capture.url, grace=600))
        first = over_stdio(environment, state_of(environment) / "product.json")[1]
        second = over_stdio(environment)[1]
        (state_of(environment) / "product.json").unlink()
        third = over_stdio(environment, state_of(environment) / "product.json")[1]
    assert [text.count(NOTICE) for text in (first, second, third)] == [1, 0, 1]


def test_nothing_is_sent_in_the_grace_period_and_all_of_it_afterwards(tmp_path: Path) -> None:
    """The period counts from the instance's first start: who starts later sends at once."""
    with CaptureServer() as capture:
        environment = clean_environment(tmp_path / "home", **telemetry_to(capture.url, grace=8))
        over_stdio(environment, state_of(environment) / "identity.json")
        created = json.loads((state_of(environment) / "identity.json").read_text())["created"]
        assert time.time() - 60 < created <= time.time()
        with start_toolkit(environment):
            wait_for(lambda: capture.connections, "something to be sent", 30)
            assert time.time() >= created + 8
            capture.wait_for("server_stopped")
            # What the first one left and what this one has to say go in two requests, one after the other.
            wait_for(
                lambda: [event["event"] for event in capture.events].count("server_started") == 2,
                "both servers' starts",
            )
        sent = len(capture.requests)
        over_stdio(environment)
        assert len(capture.requests) > sent


def test_without_a_directory_that_lasts_the_period_ends_with_the_process(tmp_path: Path) -> None:
    """No later process could send what a shorter session leaves, so it is sent at the end, after the notice."""
    with CaptureServer() as capture:
        blocked = tmp_path / "file"
        blocked.touch()
        environment = clean_environment(tmp_path / "home", **telemetry_to(capture.url, grace=600))
        environment["DOT_AI_TELEMETRY_STATE_DIR"] = str(blocked / "state")
        for number in (1, 2):
            out, errors = over_stdio(environment)
            assert [json.loads(line)["id"] for line in out.splitlines() if '"id"' in line] == [1, 2]
            assert errors.count(NOTICE) == 1
            assert "in the first 10 minutes, or until the process ends if that is sooner" in errors
            assert "DOT_AI_TELEMETRY=false; nothing else lasts here" in errors
            assert [event["event"] for event in capture.events].count("server_stopped") == number
        assert len({event["distinct_id"] for event in capture.events}) == 2
        assert all(event["distinct_id"].startswith("ephemeral_") for event in capture.events)
        assert os.listdir(tmp_path / "home") == []
