"""`python -m footfall_toolkit` as a process."""

import os
import socket
import subprocess
import sys

import pytest


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "footfall_toolkit", *arguments]
    environment = {**os.environ, "DOT_AI_TELEMETRY": "false"}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)


def test_help_gives_an_example() -> None:
    said = run("--help")
    assert said.returncode == 0
    assert "footfall-toolkit --transport streamable-http --port 8766" in said.stdout


def test_version_is_told() -> None:
    assert run("--version").stdout == "footfall-toolkit 2.2.0\n"


@pytest.mark.parametrize("transport", ["streamable-http", "sse"])
def test_a_taken_port_is_a_plain_sentence(transport: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = run("--transport", transport, "--port", str(port))
    assert said.returncode == 1
    assert said.stderr == (
        f"footfall-toolkit: can't listen on 127.0.0.1:{port}: the port is taken; choose another with --port\n"
    )


def test_an_address_that_is_not_ours_is_a_plain_sentence() -> None:
    said = run("--transport", "sse", "--host", "192.0.2.1", "--port", "0")
    assert said.returncode == 1
    assert said.stderr.startswith("footfall-toolkit: can't listen on 192.0.2.1:0: ")
    assert "Traceback" not in said.stderr


def test_an_impossible_port_is_a_plain_sentence() -> None:
    said = run("--transport", "sse", "--port", "70000")
    assert said.returncode == 1
    assert said.stderr == (
        "footfall-toolkit: can't listen on 127.0.0.1:70000: there is no such port; choose 0 to 65535 with --port\n"
    )


def test_over_stdio_nothing_but_the_protocol_is_on_stdout() -> None:
    assert run().stdout == ""
