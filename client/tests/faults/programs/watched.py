"""Runs a command on its own standard streams and writes `EXIT_CODE SECONDS_SINCE_END_OF_INPUT` to a file.

python watched.py FILE COMMAND …
"""

import os
import subprocess
import sys
import threading
import time

child = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE)
assert child.stdin is not None
ended = 0.0


def pass_on() -> None:
    global ended
    assert child.stdin is not None
    while data := os.read(sys.stdin.fileno(), 65536):
        child.stdin.write(data)
        child.stdin.flush()
    ended = time.monotonic()
    child.stdin.close()


threading.Thread(target=pass_on, daemon=True).start()
code = child.wait()
with open(sys.argv[1], "w") as file:
    file.write(f"{code} {time.monotonic() - ended:.3f}")
