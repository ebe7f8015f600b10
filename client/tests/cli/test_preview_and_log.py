"""`footfall preview`, `log` and `dictionary` show what would be sent, what was sent, and what can be sent."""

import gzip
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from client.tests.cli.rig import COMMAND, KINDS, Machine
from footfall.send.wire import compressed
from tests.privacy.tee import Request, Tee
from tests.support.capture_server import CaptureServer
from tests.support.waiting import wait_for

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_SENT_AT = re.compile(rb'"sent_at":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"')


@pytest.fixture
def capture() -> Any:
    with CaptureServer() as server:
        yield server


def relayed(capture: CaptureServer) -> Tee:
    """A relay that keeps the bytes of requests."""
    return Tee(int(capture.url.rsplit(":", 1)[1]))


def moment_of(body: bytes) -> bytes:
    """The `sent_at` of a body, the only part that a preview can't know."""
    match = _SENT_AT.search(body)
    assert match is not None
    return match[1]


def stamped(body: bytes, moment: bytes) -> bytes:
    """A body with another `sent_at`."""
    return _SENT_AT.sub(b'"sent_at":"%b"' % moment, body, count=1)


def at(moment: bytes, wire: bytes) -> bytes:
    """The bytes of a request whose body has another `sent_at`."""
    head, _, packed = wire.partition(b"\r\n\r\n")
    body = gzip.decompress(packed)
    again = compressed(stamped(body, moment))
    lines = head.replace(b"Content-Length: %d" % len(packed), b"Content-Length: %d" % len(again))
    return lines + b"\r\n\r\n" + again


def first(tee: Tee) -> Request:
    return wait_for(tee.requests, "a request")[0]


def test_a_preview_is_the_next_request_byte_for_byte(tmp_path: Path, capture: CaptureServer) -> None:
    """A server that stops in its grace period leaves events, and the next one sends them."""
    with relayed(capture) as tee:
        machine = Machine(tmp_path / "home", tee.url)
        machine.run()
        previewed = machine.ended("preview", "--wire").stdout
        assert tee.requests() == []
        machine.with_variables(POST_TELEMETRY_GRACE_SECONDS="0").run(0)
        sent = first(tee)
    assert at(moment_of(sent.text), previewed) == sent.head + b"\r\n\r\n" + sent.body
    assert len(json.loads(sent.text)["batch"]) == KINDS


def test_the_preview_of_a_running_server_is_its_next_request(tmp_path: Path, capture: CaptureServer) -> None:
    with relayed(capture) as tee:
        machine = Machine(tmp_path / "home", tee.url, grace=4)
        with machine.serving() as process:
            wait_for(lambda: (machine.state / "product.json").exists(), "the server to know who it is")
            previewed = machine.ended("preview", "--wire").stdout
            assert tee.requests() == []
            sent = first(tee)
            assert process.poll() is None
    assert at(moment_of(sent.text), previewed) == sent.head + b"\r\n\r\n" + sent.body


def test_people_and_machines_see_the_same_request(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "home")
    machine.run()
    wire = machine.ended("preview", "--wire").stdout
    moment = b"2026-01-01T00:00:00Z"
    head, _, packed = at(moment, wire).partition(b"\r\n\r\n")
    shown = machine.footfall("preview").encode()
    lines, _, body = shown.partition(b"\n\n")
    assert lines.splitlines()[0] == b"POST /batch/ HTTP/1.1"
    assert {line.split(b": ")[0] for line in lines.splitlines()[1:]} == {
        line.split(b": ")[0] for line in head.split(b"\r\n")[1:]
    }
    assert stamped(body.strip(), moment) == gzip.decompress(packed)
    told = machine.footfall("preview", "--json").encode()
    assert stamped(told.strip(), moment) == gzip.decompress(packed)


@pytest.mark.parametrize("variables", [{"POST_TELEMETRY": "false"}, {"DO_NOT_TRACK": "1"}], ids=str)
def test_with_telemetry_off_nothing_would_be_sent(tmp_path: Path, variables: dict[str, str]) -> None:
    machine = Machine(tmp_path / "home")
    machine.run()
    off = machine.with_variables(**variables)
    assert off.footfall("preview").startswith("Nothing would be sent: telemetry is off, ")
    assert off.footfall("preview", "--json") == "null\n"
    assert off.footfall("preview", "--wire") == ""


def test_without_waiting_events_preview_says_so(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "home")
    text = "Nothing waits to be sent: post has not run here yet with telemetry on.\n"
    assert machine.footfall("preview", "--product", "post") == text
    assert machine.footfall("preview", "--product", "post", "--json") == "null\n"
    with CaptureServer() as capture:
        machine = Machine(tmp_path / "home", capture.url, grace=0)
        machine.run()
        capture.wait_for("server_stopped")
    assert machine.footfall("preview") == "Nothing waits to be sent.\n"
    assert machine.footfall("preview", "--json") == "null\n"


def test_all_that_waits_is_shown_and_what_a_limit_leaves_out_is_counted(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "home")
    machine.run(1050)
    machine.run(3)
    waiting = machine.told("status")["waiting_events"]
    assert waiting == 1050 + 4 + KINDS
    bodies = [json.loads(line) for line in machine.footfall("preview", "--json").splitlines()]
    assert [len(body["batch"]) for body in bodies] == [500, 500, 54, KINDS]
    assert len({event["uuid"] for body in bodies for event in body["batch"]}) == waiting
    assert machine.footfall("preview").count("POST /batch/ HTTP/1.1\n") == 4
    assert machine.footfall("preview", "--limit", "0").count("POST /batch/ HTTP/1.1\n") == 4
    wire = machine.ended("preview", "--wire").stdout
    assert wire.count(b"POST /batch/ HTTP/1.1\r\n") == 4
    limited = machine.footfall("preview", "--limit", "2")
    assert limited.count("POST /batch/ HTTP/1.1\n") == 2
    assert limited.endswith("\n\n61 more events wait in 2 requests; --limit 0 shows all.\n")
    done = machine.ended("preview", "--limit", "3", "--json")
    assert len(done.stdout.splitlines()) == 3
    assert done.stderr == b"footfall: 7 more events wait in 1 request; --limit 0 shows all\n"
    assert machine.ended("preview", "--limit", "-1").returncode == 2


def test_the_log_has_exactly_the_events_that_were_sent_as_they_were_sent(
    tmp_path: Path, capture: CaptureServer
) -> None:
    machine = Machine(tmp_path / "home", capture.url, grace=0)
    machine.run()
    capture.wait_for("server_stopped")
    waiting = Machine(tmp_path / "home", capture.url)
    logged = [json.loads(line) for line in waiting.footfall("log", "--json").splitlines()]
    assert [entry["event"] for entry in logged] == capture.events
    assert len(logged) == KINDS
    sent = [entry["sent"] for entry in logged]
    assert all(
        _MOMENT.fullmatch(one) and one >= event["timestamp"] for one, event in zip(sent, capture.events, strict=True)
    )
    heading, *shown = machine.footfall("log").splitlines()
    assert [line.split()[0] for line in shown] == sent
    # One event a line, in columns with headings: when it was sent, who, what, and its properties.
    assert heading.split() == ["sent", "instance", "event", "properties"]
    assert all(line[heading.index(name) - 1] == " " for name in ("instance", "event", "properties") for line in shown)
    assert shown[0][heading.index("event") :].startswith("server_started ")
    assert len({line.index(event["event"]) for line, event in zip(shown, capture.events, strict=True)}) == 1
    assert all("post_version=3.2.1" in line and "$ip" not in line for line in shown)


def test_an_empty_log_says_so(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "home")
    assert machine.footfall("log", "--product", "post") == "Nothing was sent in the last 7 days.\n"
    assert machine.footfall("log", "--product", "post", "--json") == ""


def test_a_closed_pipe_is_no_error(tmp_path: Path, capture: CaptureServer) -> None:
    machine = Machine(tmp_path / "home", capture.url, grace=0)
    machine.run(2000)
    capture.wait_for("server_stopped", seconds=30)
    line = f"{COMMAND} log | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], env=machine.environment, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"sent ")
    assert done.stdout.count(b"\n") == 1


def test_the_dictionary_has_every_event_and_property_also_the_products_own(
    tmp_path: Path, capture: CaptureServer
) -> None:
    machine = Machine(tmp_path / "home", capture.url, grace=0)
    machine.run()
    capture.wait_for("server_stopped")
    schema = machine.told("dictionary")
    text = machine.footfall("dictionary")
    assert "letter_sent" in schema["$defs"]
    for title, event in schema["$defs"].items():
        assert f"{title}: {event['description']}" in text
        for name, property_ in event["properties"]["properties"]["properties"].items():
            if name.startswith("$"):
                continue  # a constant, the same with every event
            assert re.search(rf"^  {name} +.*{re.escape(property_['description'])}$", text, re.MULTILINE)
            assert property_["x-purpose"] in text


def test_every_line_of_the_log_satisfies_the_dictionary_and_with_an_addition_it_does_not(
    tmp_path: Path, capture: CaptureServer
) -> None:
    machine = Machine(tmp_path / "home", capture.url, grace=0)
    machine.run()
    capture.wait_for("server_stopped")
    validator = Draft202012Validator(machine.told("dictionary"))
    events = [json.loads(line)["event"] for line in machine.footfall("log", "--json").splitlines()]
    assert len(events) == KINDS
    for event in events:
        validator.validate(event)
        assert not validator.is_valid({**event, "host": "more"})
        assert not validator.is_valid({**event, "properties": {**event["properties"], "more": 1}})
        assert not validator.is_valid({**event, "properties": {**event["properties"], "$ip": "10.0.0.1"}})
    letter = next(event for event in events if event["event"] == "letter_sent")
    assert not validator.is_valid({**letter, "properties": {**letter["properties"], "size": "huge"}})


def test_without_a_known_product_the_dictionary_is_that_of_dot_ai(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "home")
    assert machine.told("dictionary")["title"] == "Events of dot-ai"
    assert "dot_ai_version" in machine.footfall("dictionary")
