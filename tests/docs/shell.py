"""A page's blocks as one shell script, run from top to bottom in a separate network and home directory."""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.docs.pages import ROOT, Block

GIVEN = Path(__file__).parent / "given"
SECONDS = 150
_HEAD = f"""
set -euo pipefail
started=()
finish() {{ for pid in "${{started[@]}}"; do kill "$pid" 2>/dev/null || true; done; wait; }}
trap finish EXIT
{sys.executable} - <<'UP'
import fcntl, socket, struct
# Bring up the loopback of this network namespace: SIOCSIFFLAGS, IFF_UP.
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as anything:
    fcntl.ioctl(anything, 0x8914, struct.pack("16sh", b"lo", 1))
UP
until_said() {{ # LOG WORDS PID: wait for a program's line
    for _ in $(seq 600); do
        grep -qF -- "$2" "$1" && return 0
        kill -0 "$3" 2>/dev/null || break
        sleep 0.1
    done
    echo "no line with: $2" >&2; cat "$1" >&2; return 1
}}
"""


def script_of(blocks: Iterable[Block]) -> str:
    """The shell script of a page."""
    parts = [_HEAD]
    for number, block in enumerate(blocks):
        if "needs" in block.how or "by" in block.how:
            continue
        parts.append(f"echo '== {block.place}' >&2")
        if "given" in block.how:
            parts.append((GIVEN / block.how["given"]).read_text())
        parts.append(_step(block, number))
    return "\n".join(parts)


def _step(block: Block, number: int) -> str:
    if "file" in block.how:
        name = block.how["file"]
        return f"mkdir -p \"$(dirname '{name}')\"\ncat > '{name}' <<'END_OF_BLOCK'\n{block.text}END_OF_BLOCK"
    if block.language == "python":
        return f"{sys.executable} -W error - <<'END_OF_BLOCK'\n{block.text}END_OF_BLOCK"
    if block.language != "console":
        return ":"
    if "background" in block.how:
        return (
            f"bash -euo pipefail <<'END_OF_BLOCK' > log-{number} 2>&1 &\nexec {block.text.strip()}\nEND_OF_BLOCK\n"
            f'started+=($!)\nuntil_said log-{number} "{block.how["background"]}" $!'
        )
    if "fails" in block.how:
        return f"if ( {block.text} ); then echo 'it did not fail' >&2; exit 1; fi"
    return block.text


def run(blocks: list[Block], place: Path) -> "subprocess.CompletedProcess[str]":
    """Run a page's blocks below `place`. What a newcomer has: the project's commands on the PATH, an empty home."""
    home, work = place / "home", place / "work"
    home.mkdir()
    work.mkdir()
    script = place / "page.sh"
    script.write_text(script_of(blocks))
    commands = os.path.dirname(sys.executable)
    environment = {
        "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "ROOT": str(ROOT),
        "PYTHON": sys.executable,
        "TERM": "dumb",
    }
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    return subprocess.run(
        ["unshare", "--net", *user, "bash", str(script)],
        cwd=work,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
