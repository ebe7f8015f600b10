"""`footfall-collector report` as a process: from a running collector, and from the files of a stopped one."""

import json
import os
import re
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.tests.app.http import ask, post
from footfall_collector.answer import filters
from footfall_collector.cli import report as command
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.waiting import wait_for

CALLS = [("query", True)] * 30 + [("recommend", True)] * 15 + [("recommend", False)] * 5


def body() -> bytes:
    """Fifty calls of one instance, five of which fail."""
    common = {"dot_ai_version": "2.3.0", "ai_provider": "anthropic", "is_internal": False}
    events = []
    for tool, success in CALLS:
        properties = {"tool": tool, "success": success, "duration_ms": 340, "mcp_client": "claude-code"}
        events.append(event("tool_executed", properties | common))
        if not success:
            events.append(event("tool_error", {"tool": tool, "error_type": "TimeoutError"} | common))
    return json.dumps({"api_key": "phc_report", "batch": events}).encode()


def event(name: str, properties: dict[str, object]) -> dict[str, object]:
    return {
        "uuid": str(uuid.uuid4()),
        "event": name,
        "distinct_id": "cluster_00000000000000aa",
        "properties": properties,
    }


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    with start_collector(tmp_path_factory.mktemp("report") / "data", segment_seconds=0.1) as running:
        assert post(running, body()).status == 200
        wait_for(lambda: ask(running, "GET", "/api/charts/tool-usage").json["rows"], "the calls in the charts")
        yield running


def report(*arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("FOOTFALL_")}
    command = [sys.executable, "-m", "footfall_collector", "report", *arguments]
    terminal = {"COLUMNS": "120", "NO_COLOR": "1"}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, env=inherited | terminal | env, check=False
    )


def test_a_terminal_gets_the_four_answers_of_the_collector_that_runs_on_the_data(collector: CollectorProcess) -> None:
    ran = report("--data", str(collector.data_dir))
    assert (ran.returncode, ran.stderr) == (0, "")
    text = ran.stdout.replace("\u00a0", " ")
    assert "1 instance made 50 tool calls; query is called most, and 10 % of all calls fail." in text
    for heading in ("Which tools are", "What is failing", "Which AI providers", "Are releases adopted"):
        assert heading in text
    assert "anthropic" in text
    assert re.search(r"Tool calls +50 ", text), "a count is a whole number"
    assert "TimeoutError" in text
    assert "**" not in text


@pytest.mark.parametrize(("form", "begins"), [("markdown", "# dot-ai, "), ("html", "<!doctype html>")])
def test_the_report_is_written_to_a_file(collector: CollectorProcess, tmp_path: Path, form: str, begins: str) -> None:
    output = tmp_path / "week"
    ran = report("--url", collector.url, "--format", form, "--output", str(output))
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", f"wrote {output}\n")
    text = output.read_text("utf-8")
    assert text.startswith(begins)
    assert "recommend" in text


def test_a_stopped_collectors_files_give_the_same_answers(collector: CollectorProcess, tmp_path: Path) -> None:
    with start_collector(tmp_path / "data", segment_seconds=0.1) as other:
        assert post(other, body()).status == 200
        wait_for(lambda: ask(other, "GET", "/api/charts/tool-usage").json["rows"], "the calls in the charts")
        live = report("--url", other.url, "--format", "markdown").stdout
    ran = report("--data", str(tmp_path / "data"), "--format", "markdown")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == live


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--url", "http://127.0.0.1:9"], "no collector answers at http://127.0.0.1:9"),
        (["--url", "ftp://somewhere"], "is no address"),
        (["--url", "http://a b"], "is no address"),
        (["--url", "http://[::1"], "is no address"),
        (["--url", "http://127.0.0.1:port"], "is no address"),
        (["--url", "http://me:secret@127.0.0.1:9"], "is no address"),
        (["--data", "/nonexistent/footfall"], "has no collector's data"),
    ],
)
def test_an_error_is_one_line(arguments: list[str], sentence: str) -> None:
    ran = report(*arguments)
    assert ran.returncode == 1
    (line,) = ran.stderr.splitlines()
    assert sentence in line


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (b"220 mail.example.org ready\r\n", "is no collector (BadStatusLine)"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000, "is no collector (LineTooLong)"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", "is no collector (IncompleteRead)"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n<a", "is no collector (JSONDecodeError)"),
        (b"HTTP/1.1 302 Found\r\nLocation: https://a.example/\x1b[2J\r\n\r\n", "leads to 'https://a.example/\\x1b[2J'"),
    ],
)
def test_what_answers_and_is_no_collector_is_named_in_one_line(answer: bytes, sentence: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        heads: list[bytes] = []

        def give() -> None:
            connection, _ = listener.accept()
            with connection:
                heads.append(connection.recv(65536))
                connection.sendall(answer)

        thread = threading.Thread(target=give)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        ran = report("--url", url, FOOTFALL_SIGN_IN_SECRET="richtiges Pferd, sch\u00f6n")
        thread.join()
    assert "richtiges Pferd, sch\u00f6n".encode() in heads[0]
    (line,) = ran.stderr.splitlines()
    assert (ran.returncode, url in line, sentence in line) == (1, True, True), line


def test_a_wrong_range_is_refused_with_the_valid_ones(collector: CollectorProcess) -> None:
    ran = report("--url", collector.url, "--range", "3d")
    assert (ran.returncode, "'3d'" in ran.stderr, "365d" in ran.stderr, "custom" in ran.stderr) == (
        2,
        True,
        True,
        False,
    )
    assert set(command.RANGES) == {*filters.HOUR_RANGES, *filters.DAY_RANGES}
    assert set(command.INTERNAL) == set(filters.INTERNAL_VALUES)


def test_the_report_of_a_directory_is_of_the_collector_that_runs_on_it(
    collector: CollectorProcess, tmp_path: Path
) -> None:
    """The address of the collector and the settings of the command do not matter."""
    secret = {"FOOTFALL_SIGN_IN_SECRET": "correct horse battery"}
    with start_collector(tmp_path / "data", secret, host="0.0.0.0") as other:
        ran = report("--data", str(other.data_dir), FOOTFALL_PORT=str(collector.port))
        assert (ran.returncode, ran.stderr) == (0, "")
        assert "No event has arrived yet." in ran.stdout
        assert "50 tool calls" in report("--data", str(collector.data_dir)).stdout.replace("\u00a0", " ")
        ran = report("--data", str(other.data_dir), "--product", "nothing")
        assert (ran.returncode, "There is no such product; known are dot-ai." in ran.stderr) == (1, True)


def test_a_collector_with_a_secret_needs_it(tmp_path: Path) -> None:
    secret = {"FOOTFALL_SIGN_IN_SECRET": "correct horse battery"}
    with start_collector(tmp_path / "data", secret) as guarded:
        refused = report("--url", guarded.url)
        assert (refused.returncode, "FOOTFALL_SIGN_IN_SECRET" in refused.stderr) == (1, True)
        assert "No event has arrived yet." in report("--url", guarded.url, **secret).stdout
