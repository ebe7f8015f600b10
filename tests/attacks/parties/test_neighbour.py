"""What is left to another user of the machine, tried as that user where the tests run as root."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from collector.tests.app.http import ask
from footfall import Product, Telemetry
from footfall.catalogue import ToolExecuted
from tests.attacks.parties.claims import Party, at_most
from tests.attacks.parties.fleet import SECRET
from tests.support.collector_process import CollectorProcess, start_collector

NOBODY = 65534
_REACHED = """
for path; do { [ -r "$path" ] || [ -w "$path" ]; } && echo "$path"; done
true
"""
"""A shell's program: the names of those paths that its user can read or write."""


def exposed(directory: Path) -> list[str]:
    """What in a directory another user can open, who may list it: by modes, and by trying where this is root."""
    paths = sorted(directory.rglob("*"))
    return _loose(directory) + (_reached_by_nobody(directory, paths) if os.geteuid() == 0 else [])


def _loose(directory: Path) -> list[str]:
    """Files and folders whose modes let others in; what is in a closed folder is closed."""
    found = []
    for path in sorted(directory.iterdir()):
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            found.append(f"{path} {path.stat().st_mode:o}")
            found += _loose(path) if path.is_dir() else []
    return found


def _reached_by_nobody(directory: Path, paths: list[Path]) -> list[str]:
    """What that user reaches with the way to the directory open for all, so that only its own modes count."""
    narrow = {
        parent: parent.stat().st_mode
        for parent in (directory, *directory.parents)
        if not parent.stat().st_mode & stat.S_IXOTH
    }
    for parent, mode in narrow.items():
        parent.chmod(mode | stat.S_IXOTH)
    try:
        command = ["/bin/sh", "-c", _REACHED, "sh", *map(str, paths)]
        ran = subprocess.run(
            command, user=NOBODY, group=NOBODY, extra_groups=[], check=True, capture_output=True, timeout=60, cwd="/"
        )
        return ran.stdout.decode().splitlines()
    finally:
        for parent, mode in narrow.items():
            parent.chmod(mode)


@at_most(
    Party.NEIGHBOUR,
    "see that the collector runs and list its data directory where the operator lets it, and open nothing",
)
def test_the_collectors_files_and_its_socket_are_its_users(guarded: CollectorProcess) -> None:
    """Another user can open a file or a folder of the data directory, or connect to the control socket."""
    assert guarded.data_dir.stat().st_mode & stat.S_IROTH, "the directory itself is one that all may list"
    assert any(path.is_socket() for path in guarded.data_dir.rglob("*")), "the control socket is among them"
    assert exposed(guarded.data_dir) == []


@at_most(Party.NEIGHBOUR, "on loopback without a sign-in secret: read the dashboard; with one, nothing")
def test_a_secret_closes_the_dashboard_to_the_machine(guarded: CollectorProcess, tmp_path: Path) -> None:
    """With a sign-in secret, a process of the same machine still reads the dashboard without it."""
    assert ask(guarded, "GET", "/api/charts/tool-usage").status == 401
    with start_collector(tmp_path / "data") as unguarded:
        assert ask(unguarded, "GET", "/api/charts/tool-usage").status == 200, "that is what the documentation says"


@at_most(Party.NEIGHBOUR, "read the command line, which has no secret")
def test_the_command_line_has_no_secret(guarded: CollectorProcess) -> None:
    """The sign-in secret stands in /proc where every user can read it."""
    process = Path(f"/proc/{guarded.pid}")
    assert SECRET.encode() not in (process / "cmdline").read_bytes()
    assert SECRET.encode() in (process / "environ").read_bytes()
    assert not (process / "environ").stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)


@at_most(Party.NEIGHBOUR, "see that a server has a state directory, and open nothing in it")
def test_a_servers_state_is_its_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another user can read unsent events, the instance's random number or the log of sent events."""
    state = tmp_path / "state"
    monkeypatch.setenv("DOT_AI_TELEMETRY", "on")
    monkeypatch.setenv("DOT_AI_TELEMETRY_STATE_DIR", str(state))
    monkeypatch.setenv("DOT_AI_POSTHOG_HOST", "http://127.0.0.1:9")
    umask = os.umask(0)
    try:
        telemetry = Telemetry(Product("dot-ai", version="2.3.0", write_key="phc_neighbour"))
        telemetry.register_tools("query")
        telemetry.record(ToolExecuted(tool="query", success=True, duration_ms=1.0, mcp_client="zed"))
        assert [path for path in state.rglob("*") if path.is_file()]
        assert exposed(state) == []
        telemetry.close()
        assert exposed(state) == []
    finally:
        os.umask(umask)
