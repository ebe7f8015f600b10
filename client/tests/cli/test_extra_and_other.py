"""What `footfall` shows of extra properties, and of the server's own tools that are recorded as `other`."""

import json
import subprocess
import sys
from pathlib import Path

from client.tests.cli.rig import NOBODY, Machine
from tests.support.capture_server import CaptureServer

HOST = """
import sys
from typing import Annotated
from footfall import Product, Telemetry
from footfall.catalogue import ExtraProperties, Property, Vocabulary

class OfCalls(ExtraProperties, frozen=True, tag="tool_executed"):
    plan: Annotated[str, Property(Vocabulary("plan", ("free", "paid")), "The plan", "Count plans", "next")]

def extra(tool):
    if tool == "find":
        raise LookupError("hunter2")
    return {"plan": "paid", "hunter2": 1}

telemetry = Telemetry(Product("post", version="1.0.0", write_key="phc_own", catalogue=(OfCalls,)))
telemetry.register_tools("sort letters", "gr\\u00f6\\u00dfe\\x1b", "x" * 129)
telemetry.fill_properties(extra)
telemetry.server_started()
for tool in ("sort", "find", "sort letters"):
    with telemetry.tool(tool):
        pass
assert telemetry.flush(20) or sys.argv[1:] == ["waits"]
telemetry.close()
"""
NAMES = sorted(["sort letters", "größe\x1b", "x" * 129])


def run(machine: Machine, *arguments: str) -> None:
    command = [sys.executable, "-c", HOST, *arguments]
    done = subprocess.run(
        command,
        env=machine.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr


def test_the_properties_are_sent_and_shown_by_every_command(tmp_path: Path) -> None:
    with CaptureServer() as capture:
        machine = Machine(tmp_path / "home", capture.url, grace=0)
        run(machine)
        calls = [e["properties"] for e in capture.events if e["event"] == "tool_executed"]
        bodies = b"".join(request.body for request in capture.requests)
    assert [(call["tool"], call.get("plan")) for call in calls] == [
        ("sort", "paid"),
        ("find", None),
        ("other", "paid"),
    ]
    schema = json.loads(machine.footfall("dictionary", "--product", "post", "--json"))
    properties = schema["$defs"]["tool_executed"]["properties"]["properties"]["properties"]
    assert properties["plan"]["enum"] == ["free", "other", "paid"]
    assert "Count plans" in machine.footfall("dictionary", "--product", "post")
    assert "plan=paid" in machine.footfall("log")
    assert not any(name.encode() in bodies for name in NAMES)


def test_what_waits_is_shown_with_its_extra_properties(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "home", NOBODY, grace=0)
    run(machine, "waits")
    assert '"plan":"paid"' in machine.footfall("preview")


def test_status_counts_failures_and_names_the_servers_own_tools(tmp_path: Path) -> None:
    with CaptureServer() as capture:
        machine = Machine(tmp_path / "home", capture.url, grace=0)
        run(machine)
    told = machine.told("status")
    assert told["notes"] == {"failed_properties": 1, "unknown_property": 2, "unnamed_tool": 1}
    assert told["other_tools"] == NAMES
    text = machine.footfall("status")
    assert "1 calls of the function for extra properties raised an exception or returned no dict" in text
    assert "'sort letters' is recorded as `other`: a tool's name has at most 128 letters" in text
    assert "\x1b" not in text
