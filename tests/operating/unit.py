"""The unit's command as systemd would run it: where there is no systemd, in namespaces that do what its lines say.

Done: the user of its own, ProtectSystem, ProtectHome, PrivateTmp, StateDirectory, UMask, NoNewPrivileges,
CapabilityBoundingSet, SystemCallFilter and RestrictAddressFamilies. Left out: what protects the kernel and devices.
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.support.collector_process import CollectorProcess, start_command
from tests.support.programs import program

UNIT = Path(__file__).parents[2] / "deploy" / "systemd" / "footfall-collector.service"
STATE = "/var/lib/footfall"
USER = 61_184
"""The first of systemd's dynamic users."""
_SCRIPT = """
set -euo pipefail
data=$1 python=$2 tree=$3; shift 3
mount -t tmpfs tmpfs /mnt
mkdir /mnt/data /mnt/python /mnt/tree
for each in data python tree; do mount --bind "${!each}" /mnt/$each; done
mount -t tmpfs -o mode=755 tmpfs /var/lib
mkdir -m 700 /var/lib/footfall
mount --bind /mnt/data /var/lib/footfall
for hidden in /root /home; do mount -t tmpfs -o mode=755 tmpfs $hidden; done
mount -t tmpfs -o mode=1777 tmpfs /tmp
# The interpreter and the source tree are put back where these hid them, and nothing else is.
for each in python tree; do
    [ -e "${!each}" ] || { mkdir -p "${!each}"; mount --bind /mnt/$each "${!each}"; }
done
umount -l /mnt
mount -o remount,bind,ro /
umask 0077
exec "$@"
"""


def command_of_unit() -> list[str]:
    """The words of ExecStart."""
    [line] = [line for line in UNIT.read_text("utf-8").splitlines() if line.startswith("ExecStart=")]
    return shlex.split(line.removeprefix("ExecStart="))


def start_unit(data: Path, variables: dict[str, str]) -> CollectorProcess:
    """Start the unit's command with `data` as its state directory, and the variables as its environment."""
    _, *arguments = command_of_unit()
    python = sys.executable
    is_root = os.geteuid() == 0
    if is_root:
        for path in (data, *data.rglob("*")):
            os.chown(path, USER, USER)
    user = [f"--reuid={USER}", f"--regid={USER}", "--clear-groups"] if is_root else []
    confined = ["setpriv", *user, "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]
    calls = ",".join(sorted(set(_calls("@system-service")) - set(_calls("@privileged"))))
    filtered = [python, str(Path(__file__).with_name("system_calls.py")), calls]
    namespaces = ["unshare", "--mount", "--propagation=private", *([] if is_root else ["--map-root-user"])]
    script = ["bash", "-c", _SCRIPT, "unit", str(data), sys.base_prefix, str(Path(__file__).parents[2])]
    served = [python, "-m", "footfall_collector", *arguments]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONUNBUFFERED": "1"} | variables
    return start_command([*namespaces, *script, *confined, *filtered, *served], environment, data)


def _calls(group: str) -> Iterator[str]:
    """The system calls of a group, and of the groups in it."""
    shown = subprocess.run(
        [program("systemd-analyze"), "syscall-filter", group], capture_output=True, text=True, timeout=60, check=True
    )
    for line in shown.stdout.splitlines()[1:]:
        name = line.strip()
        if name.startswith("@"):
            yield from _calls(name)
        elif name and not name.startswith("#"):
            yield name
