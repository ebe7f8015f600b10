"""The instance ID is a hash of the cluster's UID where it is known, else a random ID in the state directory."""

import hashlib
import json
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.tests.identity.kubernetes.kube_api import UID
from client.tests.support.clocks import SteppedClock
from footfall.identity.instance_id import cluster_id, ephemeral_identity, first_started_at, identify, local_identity
from footfall.identity.kubernetes.facts import NO_CLUSTER, ClusterFacts

KNOWN = ClusterFacts(True, UID, "1.31.2", "in-cluster")
FORBIDDEN = ClusterFacts(True, None, "1.31.2", "forbidden")
NOW = 1_790_000_000
CLOCK = SteppedClock(NOW)


def identity_file(state: Path) -> Path:
    return state / "identity.json"


def test_a_cluster_has_the_same_id_as_in_the_typescript_server() -> None:
    assert cluster_id("dot-ai", UID) == "cluster_f809cce5a77d3fbe"
    assert cluster_id("dot-ai", UID.upper()) == "cluster_f809cce5a77d3fbe"


def test_two_products_in_one_cluster_can_not_be_joined() -> None:
    salted = hashlib.sha256(f"other/instance-id/v1\0{UID}".encode()).hexdigest()[:16]
    assert cluster_id("other", UID) == f"cluster_{salted}"
    assert len({cluster_id(name, UID) for name in ("dot-ai", "other", "another")}) == 3


@given(uid=st.uuids(version=4).map(str), name=st.sampled_from(["dot-ai", "other"]))
def test_an_id_has_one_form_and_shows_nothing_of_the_uid(uid: str, name: str) -> None:
    made = cluster_id(name, uid)
    assert re.fullmatch(r"cluster_[0-9a-f]{16}", made)
    assert not any(part in made for part in uid.split("-") if len(part) > 4)


def test_a_known_cluster_is_the_instance_and_leaves_no_file(tmp_path: Path) -> None:
    identity = identify("dot-ai", KNOWN, str(tmp_path), CLOCK)
    assert (identity.id, identity.kind) == ("cluster_f809cce5a77d3fbe", "cluster")
    assert "in-cluster" in identity.origin
    assert list(tmp_path.iterdir()) == []


def test_a_changed_cluster_changes_the_id_and_a_lost_state_directory_does_not(tmp_path: Path) -> None:
    moved = ClusterFacts(True, "0b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d", None, "in-cluster")
    assert identify("dot-ai", moved, str(tmp_path), CLOCK).id != identify("dot-ai", KNOWN, str(tmp_path), CLOCK).id
    assert identify("dot-ai", KNOWN, None, CLOCK).id == identify("dot-ai", KNOWN, str(tmp_path), CLOCK).id


def test_without_a_usable_cluster_the_state_directory_keeps_a_random_id(tmp_path: Path) -> None:
    first = identify("dot-ai", FORBIDDEN, str(tmp_path), CLOCK)
    assert first.kind == "local"
    assert re.fullmatch(r"local_[0-9a-f]{16}", first.id)
    assert "forbidden" in first.origin
    assert identify("dot-ai", NO_CLUSTER, str(tmp_path), CLOCK).id == first.id
    assert json.loads(identity_file(tmp_path).read_bytes())["id"] == first.id


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    local_identity(str(tmp_path), CLOCK)
    assert stat.S_IMODE(identity_file(tmp_path).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["identity.json"]


def test_a_lost_state_directory_is_a_new_instance(tmp_path: Path) -> None:
    first = local_identity(str(tmp_path), CLOCK)
    identity_file(tmp_path).unlink()
    assert local_identity(str(tmp_path), CLOCK).id != first.id


def test_without_a_durable_state_directory_every_process_is_new() -> None:
    first, second = identify("dot-ai", NO_CLUSTER, None, CLOCK), ephemeral_identity()
    assert (first.kind, second.kind) == ("ephemeral", "ephemeral")
    assert re.fullmatch(r"ephemeral_[0-9a-f]{16}", first.id)
    assert first.id != second.id


def test_where_nothing_can_be_written_the_id_is_ephemeral(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for directory in (str(tmp_path / "file"), str(tmp_path / "missing")):
        assert local_identity(directory, CLOCK).kind == "ephemeral"
        assert first_started_at(directory, SteppedClock(NOW)) == NOW


@given(content=st.one_of(st.binary(max_size=60), st.sampled_from([
    b"", b"{}", b"[]", b'{"id": "local_0123456789abcdef"}', b'{"id": "local_0123456789ABCDEF", "created": 1}',
    b'{"id": "cluster_0123456789abcdef", "created": 1}', b'{"id": "local_0123456789abcdef", "created": -1}',
    b'{"id": "local_0123456789abcdef", "created": 1e300}', b'{"id": "local_0123456789abcdef", "created": true}',
    b'{"id": "local_0123456789abcdef\\n", "created": 1}', b'{"id": "me@example.com", "created": 1}',
])))  # fmt: skip
def test_a_corrupt_file_is_replaced_by_a_new_id(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    state = tmp_path_factory.mktemp("state")
    identity_file(state).write_bytes(content)
    identity = local_identity(str(state), CLOCK)
    assert re.fullmatch(r"local_[0-9a-f]{16}", identity.id)
    assert local_identity(str(state), CLOCK).id == identity.id
    assert [path.name for path in state.iterdir()] == ["identity.json"]


def test_the_time_of_the_first_start_is_stored(tmp_path: Path) -> None:
    clock = SteppedClock(NOW + 0.7)
    assert first_started_at(str(tmp_path), clock) == NOW
    clock.pass_(86_400)
    assert first_started_at(str(tmp_path), clock) == NOW
    assert first_started_at(str(tmp_path), SteppedClock(NOW + 90_000, boot_id="another boot")) == NOW


def test_the_first_start_and_the_id_are_in_one_file_whichever_is_read_first(tmp_path: Path) -> None:
    clock = SteppedClock(NOW)
    began = first_started_at(str(tmp_path), clock)
    identity = local_identity(str(tmp_path), clock)
    written = {"id": identity.id, "created": began, "boot": clock.boot_id, "zero": clock.boot_time}
    assert json.loads(identity_file(tmp_path).read_bytes()) == written
    identity_file(tmp_path).unlink()
    local_identity(str(tmp_path), clock)
    assert first_started_at(str(tmp_path), clock) == NOW


@pytest.mark.parametrize("jump", [-86_400.0, 366 * 86_400.0])
def test_a_wall_clock_that_was_set_makes_an_instance_neither_older_nor_younger(tmp_path: Path, jump: float) -> None:
    first = SteppedClock(NOW)
    first_started_at(str(tmp_path), first)
    first.pass_(60)
    second = first.another_process(wall_clock_set_by=jump)
    assert second.now() - first_started_at(str(tmp_path), second) == pytest.approx(60, abs=1)


def test_a_first_start_in_the_future_becomes_now_and_the_id_stays(tmp_path: Path) -> None:
    first_started_at(str(tmp_path), SteppedClock(NOW + 365 * 86_400))
    clock = SteppedClock(NOW, boot_id="another boot")
    identity = local_identity(str(tmp_path), clock)
    assert first_started_at(str(tmp_path), clock) == NOW
    clock.pass_(600)
    assert first_started_at(str(tmp_path), clock) == NOW
    assert local_identity(str(tmp_path), clock).id == identity.id


RACE = """
import sys
from footfall.runtime.clock import SystemClock
from footfall.identity.instance_id import first_started_at, local_identity
clock = SystemClock()
print("ready", flush=True)
sys.stdin.readline()
for directory in sys.argv[1:]:
    print(local_identity(directory, clock).id, first_started_at(directory, clock))
"""


@pytest.mark.parametrize("before", [None, b"", b'{"id": "loc'], ids=["missing", "empty", "torn"])
def test_processes_that_start_at_once_end_with_the_same_id(tmp_path: Path, before: bytes | None) -> None:
    states = [tmp_path / str(number) for number in range(40)]
    for state in states:
        state.mkdir()
        if before is not None:
            identity_file(state).write_bytes(before)
    command = [sys.executable, "-c", RACE, *map(str, states)]
    runners = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for runner in runners:
        assert runner.stdout is not None
        assert runner.stdout.readline() == "ready\n"
    for runner in runners:
        assert runner.stdin is not None
        runner.stdin.write("\n")
        runner.stdin.flush()
    answers = {runner.communicate(timeout=60)[0] for runner in runners}
    assert len(answers) == 1
    assert len(answers.pop().splitlines()) == len(states)
    assert {path.name for state in states for path in state.iterdir()} == {"identity.json"}
