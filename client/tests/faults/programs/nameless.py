"""Runs a recorder where no name can be resolved: `python nameless.py SECONDS`, in new namespaces.

Brings up loopback, answers every DNS question with NXDOMAIN on 127.0.0.1:53, and says how many were asked and how
often sending was tried: `questions N tries N`.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

NXDOMAIN = 3


def answer(listener: socket.socket, asked: list[bytes]) -> None:
    """A name server that knows no name."""
    while True:
        question, who = listener.recvfrom(4096)
        asked.append(question)
        flags = (0x8180 | NXDOMAIN).to_bytes(2, "big")
        # The answer repeats the question, without the other parts of the packet.
        end = question.index(b"\0", 12) + 5
        listener.sendto(question[:2] + flags + b"\0\1" + bytes(6) + question[12:end], who)


def bind(content: str, over: str) -> None:
    """Replace the content of a file in this namespace."""
    with tempfile.NamedTemporaryFile("w", delete=False) as file:
        file.write(content)
    os.chmod(file.name, 0o644)
    subprocess.run(["mount", "--bind", file.name, over], check=True)


def main() -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    bind("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n", os.path.realpath("/etc/resolv.conf"))
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind(("127.0.0.1", 53))
    asked: list[bytes] = []
    threading.Thread(target=answer, args=(listener, asked), daemon=True).start()
    program = Path(__file__).with_name("recorder.py")
    recorder = subprocess.Popen([sys.executable, str(program), "50", "0", "stay"])
    with recorder:
        try:
            recorder.wait(float(sys.argv[1]))
        except subprocess.TimeoutExpired:
            recorder.kill()
    progress = json.loads(Path(os.environ["TEST_HOST_TELEMETRY_STATE_DIR"], "ship.json").read_bytes())
    (progress,) = progress["destinations"].values()
    print(f"questions {len(asked)} tries {progress['failures']} why {progress['last_error']}", flush=True)


main()
