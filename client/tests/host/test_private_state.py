"""State that another user made or may write to: nothing is sent from it, written through it, or deleted in it."""

import json
import os
import stat
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from client.tests.faults.harness import Host, deliver_rest, dropped, footfall_status, read, tools
from client.tests.send.rig import Rig
from client.tests.support.server import Server
from footfall.runtime import NotPrivateError, make_private_directory
from tests.support.waiting import wait_for

FACTS = b'{"v":%d,"offset":1024,"facts":{"common":{}},"boot":"","zero":0.0}'
STRANGER = 12345
PRIVATE_FILES = ("identity.json", "ship.json", "product.json", "egress.jsonl", "ship.lock")

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")


def line(tool: str, event: str = "tool_executed", **properties: object) -> bytes:
    values = {"tool": tool, "success": True, "duration_ms": 5, "mcp_client": "claude-code", **properties}
    return json.dumps({"e": event, "t": int(time.time()), "u": uuid.uuid4().hex, "p": values}).encode() + b"\n"


def planted(version: int = 1, tool: str = "t7") -> bytes:
    return (FACTS % version).ljust(1023) + b"\n" + line(tool)


def host(state: Path, server: Server) -> Host:
    running = Host(["recorder.py", "200", "30", "close"], state, server.url)
    assert running.wait(60) == 0, running.log
    return running


def plant(state: Path) -> Path:
    spool = state / "spool"
    spool.mkdir(parents=True, mode=0o700)
    os.chmod(state, 0o700)
    segment = spool / "01790000000-0123456789abcdef.seg"
    segment.write_bytes(planted())
    segment.chmod(0o600)
    return segment


def give_away(state: Path) -> None:
    for path in (state, *state.rglob("*")):
        os.chown(path, STRANGER, STRANGER)


def open_to_all(state: Path) -> None:
    state.chmod(0o777)


def open_to_group(state: Path) -> None:
    state.chmod(0o770)


def open_spool(state: Path) -> None:
    (state / "spool").chmod(0o777)


def link_state(state: Path) -> None:
    state.rename(state.with_name("elsewhere"))
    state.symlink_to("elsewhere")


def link_spool(state: Path) -> None:
    (state / "spool").rename(state.with_name("elsewhere"))
    (state / "spool").symlink_to("../elsewhere")


@pytest.mark.parametrize(
    "expose",
    [pytest.param(give_away, marks=as_root), open_to_all, open_to_group, open_spool, link_state, link_spool],
    ids=lambda function: function.__name__,
)
def test_events_wait_in_memory_where_others_could_write(tmp_path: Path, expose: Callable[[Path], None]) -> None:
    state = tmp_path / "state"
    plant(state)
    expose(state)
    before = sorted(path.name for path in tmp_path.rglob("*") if "host" not in path.name)
    with Server() as server:
        running = host(state, server)
        assert "t7" not in tools(server) or tools(server)["t7"] == 1  # the host's own, not the planted one
        assert tools(server).total() == 30
        assert sorted(p.name for p in tmp_path.rglob("*") if p.suffix not in (".ledger", ".log")) == before
        warnings = [text for text in running.log.splitlines() if "isn't private" in text]
        assert len(warnings) == 1
        assert str(tmp_path) not in warnings[0]
        assert "in memory only" in footfall_status(state)["durability"] or expose in (open_spool, link_spool)


@pytest.mark.parametrize("kind", ["symlink", "hard link", "pipe", pytest.param("another user's", marks=as_root)])
@pytest.mark.parametrize("name", [*PRIVATE_FILES, "spool/01790000000-0123456789abcdef.seg"])
def test_a_planted_file_is_neither_followed_nor_trusted(tmp_path: Path, name: str, kind: str) -> None:
    state, victim = tmp_path / "state", tmp_path / "victim"
    plant(state).unlink()
    victim.write_bytes(planted())
    victim.chmod(0o600)
    target = state / name
    if kind == "symlink":
        target.symlink_to(victim)
    elif kind == "hard link":
        target.hardlink_to(victim)
    elif kind == "pipe":
        os.mkfifo(target)
    else:
        target.write_bytes(planted())
        os.chown(target, STRANGER, STRANGER)
    before = victim.read_bytes()
    with Server() as server:
        rig = Rig(state, server)
        rig.record(2)
        assert rig.ship() == float("inf")
        rig.spool.close()
        assert [event["properties"]["tool"] for event in server.accepted.values()] == ["recommend"] * 2
    footfall_status(state)
    assert victim.read_bytes() == before


@pytest.mark.parametrize("swapped", ["state", "state/spool"])
def test_a_directory_that_is_exchanged_for_a_link_while_it_runs_is_not_written_through(
    tmp_path: Path, swapped: str
) -> None:
    victim = tmp_path / "victim"
    (victim / "spool").mkdir(parents=True, mode=0o700)
    with Server() as server:
        rig = Rig(tmp_path / "state", server)
        rig.record(2)
        (tmp_path / swapped).rename(tmp_path / "moved")
        (tmp_path / swapped).symlink_to(victim)
        rig.record(2)
        rig.ship()
        rig.spool.close()
        assert len(server.accepted) == 4
    assert [path.name for path in victim.rglob("*")] == ["spool"]


def test_turning_off_deletes_nothing_through_a_link(tmp_path: Path) -> None:
    state = tmp_path / "state"
    segment = plant(state)
    link_spool(state)
    with Server() as server:
        Host(["recorder.py", "0", "1", "close"], state, server.url, TEST_HOST_TELEMETRY="false").wait()
    assert (tmp_path / "elsewhere" / segment.name).exists()


def test_what_kubernetes_gave_to_the_pods_group_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = tmp_path / "state"
    make_private_directory(str(state))
    state.chmod(0o2770)
    with pytest.raises(NotPrivateError):
        make_private_directory(str(state))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    make_private_directory(str(state))
    assert stat.S_IMODE(state.stat().st_mode) & 0o077 == 0
    state.chmod(0o2777)
    with pytest.raises(NotPrivateError):
        make_private_directory(str(state))


def test_adopted_events_are_checked_in_full_against_the_names_of_their_time(tmp_path: Path) -> None:
    killed = Rig(tmp_path, None)
    killed.record(1)
    killed.recorder.register_tools("later")
    killed.record(1)
    path = killed.files()[0]
    with path.open("ab") as file:
        file.write(line("later") + line("recommend", mcp_client="my secret") + line("/home/jane/secret"))
        file.write(line("kube_secret_name") + line("recommend", event="no_such_event") + line("x", duration_ms="jane"))
    killed.spool.abandon()
    with Server() as server:
        adopter = Rig(tmp_path, server, tools=())
        assert adopter.ship() == float("inf")
        sent = [event["properties"] for event in server.accepted.values()]
        assert [p["tool"] for p in sent] == ["recommend", "recommend", "later", "recommend", "other", "other"]
        assert [p["mcp_client"] for p in sent] == [
            "unknown",
            "unknown",
            "claude-code",
            "other",
            "claude-code",
            "claude-code",
        ]
        assert adopter.dropped == {"corrupt": 2}


def test_segments_of_the_first_format_are_sent_with_the_names_that_are_known_now(tmp_path: Path) -> None:
    segment = plant(tmp_path)
    segment.write_bytes(planted(1, "recommend") + line("kube_secret_name"))
    with Server() as server:
        rig = Rig(tmp_path, server)
        assert rig.ship() == float("inf")
        assert [event["properties"]["tool"] for event in server.accepted.values()] == ["recommend", "other"]
    assert rig.files() == []


def test_many_long_and_odd_names_are_kept_and_survive_a_kill(tmp_path: Path) -> None:
    killed = Rig(tmp_path, None)
    killed.recorder.register_tools(*(f"tool_{number}_{'x' * 40}" for number in range(2000)), "half \ud800", "ü" * 300)
    killed.record(3)
    killed.spool.abandon()
    with Server() as server:
        rig = Rig(tmp_path, server, tools=())
        assert rig.ship() == float("inf")
        assert len(server.accepted) == 3
        assert rig.dropped == {}


@as_root
def test_a_real_servers_segment_is_adopted_after_a_kill_with_its_own_names(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Server() as server:
        with Host(
            ["recorder.py", "200", "20", "stay"], state, server.url, TEST_HOST_TELEMETRY_FLUSH_SECONDS="600"
        ) as killed:
            killed.wait_for_line("recorded")
            wait_for(lambda: read(state / "product.json"), "its first steps")
            killed.kill()
        deliver_rest(state, server.url)
        assert tools(server).total() == 20
        assert dropped(state) == {}
