"""State on a container's own layer ends with it: no instance is counted, and a short session is sent at its end."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from footfall.runtime.container_layer import ends_with_container
from tests.support.capture_server import CaptureServer

PROGRAMS = Path(__file__).parent / "programs"
PROC = "22 1 0:21 / /proc rw - proc proc rw\n"
LAYERS = {
    "docker": "1 0 0:40 / / rw - overlay overlay rw,upperdir=/var/lib/docker/overlay2/ab/diff",
    "containerd": "1 0 0:40 / / rw,relatime master:1 - overlay overlay rw,lowerdir=/a:/b",
    "podman without root": "1 0 0:40 / / rw - fuse.fuse-overlayfs fuse-overlayfs rw,user_id=0",
    "aufs": "1 0 0:40 / / rw - aufs none rw,si=1",
    "vfs": "1 0 8:1 /var/lib/docker/vfs/dir/0a1b / rw - ext4 /dev/sda1 rw",
    "podman's vfs": "1 0 8:1 /var/lib/containers/storage/vfs/dir/0a1b / rw - xfs /dev/sda1 rw",
    "btrfs": "1 0 0:30 /@/var/lib/docker/btrfs/subvolumes/0a1b / rw - btrfs /dev/sda1 rw",
    "zfs": f"1 0 0:30 / / rw - zfs rpool/docker/{'0a' * 32} rw",
    "devicemapper": "1 0 253:1 / / rw - ext4 /dev/mapper/docker-253:0-1234-abcd rw",
    "kata": "1 0 0:30 / / rw - virtiofs kataShared rw",
    "memory": "1 0 0:30 / / rw - tmpfs tmpfs rw",
}
MACHINES = {
    "ext4": "1 0 254:0 / / rw - ext4 /dev/vda rw",
    "a volume group with such a name": "1 0 253:0 / / rw - ext4 /dev/mapper/docker--host-root rw",
    "btrfs": "1 0 0:30 /@ / rw - btrfs /dev/sda1 rw,subvol=/@",
    "zfs": "1 0 0:30 / / rw - zfs rpool/ROOT/debian rw",
}
VOLUME = "30 1 8:1 /var/lib/docker/volumes/post/_data /state rw - ext4 /dev/sda1 rw"
BIND = "30 1 8:1 /home/me/my\\040state /state rw - ext4 /dev/sda1 rw"
NAMELESS = f"30 1 8:1 /var/lib/docker/volumes/{'0a' * 32}/_data /state rw - ext4 /dev/sda1 rw"
MEMORY = "30 1 0:50 / /state rw - tmpfs tmpfs rw"


def judged(path: str, tmp_path: Path, *lines: str) -> str:
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text(PROC + "".join(f"{line}\n" for line in lines))
    return ends_with_container(path, str(mountinfo))


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_a_layer_of_every_storage_driver_ends_with_its_container(layer: str, tmp_path: Path) -> None:
    assert judged("/var/lib/state", tmp_path, layer).endswith("which ends with the container")
    assert judged("/state/post", tmp_path, layer, MEMORY) == "on tmpfs, which ends with the container"
    assert judged("/state/post", tmp_path, layer, NAMELESS).startswith("in a volume without a name")
    assert judged("/state/post", tmp_path, layer, VOLUME) == ""
    assert judged("/state/post", tmp_path, layer, BIND) == ""


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
def test_the_file_system_of_a_machine_lasts(machine: str, tmp_path: Path) -> None:
    assert judged("/var/lib/state", tmp_path, machine) == ""
    assert judged("/state/post", tmp_path, machine, MEMORY) == ""


@pytest.mark.parametrize(
    "text", ["", "x\n", "1 0 8:1 / /\n", " - \n", "1 0 8:1 / / rw -  \n", "\udcff - a b c\n"], ids=ascii
)
def test_a_table_of_mounts_that_says_nothing_changes_nothing(text: str, tmp_path: Path) -> None:
    (tmp_path / "mountinfo").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert ends_with_container("/", str(tmp_path / "mountinfo")) == ""
    assert ends_with_container("/", str(tmp_path / "missing")) == ""


def session(host: str, state: Path, *, volume: str) -> str:
    """The output of a short session in a container whose state is in `state`."""
    if os.geteuid() != 0:
        pytest.skip("an overlay over the whole machine needs root")
    command = ["unshare", "--mount", str(PROGRAMS / "inside_overlay.sh"), volume]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": "/root",
        "KUBECONFIG": os.devnull,
        "POST_TELEMETRY_STATE_DIR": str(state),
    }
    program = [sys.executable, str(PROGRAMS / "short_session.py"), host]
    done = subprocess.run(
        [*command, *program], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_on_the_own_layer_no_instance_is_counted_and_a_short_session_is_sent(tmp_path: Path) -> None:
    with CaptureServer() as capture:
        for number in (1, 2):
            printed = session(capture.url, tmp_path / "state", volume="none")
            assert printed.startswith("on the container's own layer (overlay), which ends with the container\n")
            assert "in the first 10 minutes, or until the process ends if that is sooner" in printed
            assert printed.index("post collects usage analytics") > 0
            assert [event["event"] for event in capture.events].count("tool_executed") == number
    assert not (tmp_path / "state").exists()
    identities = {event["distinct_id"] for event in capture.events}
    assert len(identities) == 2
    assert all(identity.startswith("ephemeral_") for identity in identities)


def test_in_a_volume_two_containers_are_one_instance(tmp_path: Path) -> None:
    with CaptureServer() as capture:
        for _ in range(2):
            printed = session(capture.url, tmp_path / "state", volume=str(tmp_path))
            assert printed.startswith("each event is on disk before its call returns\n")
        assert capture.connections == 0
    assert (tmp_path / "state" / "identity.json").exists()
    assert len(list((tmp_path / "state" / "spool").glob("*.seg"))) >= 1
