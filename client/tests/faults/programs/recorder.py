"""Records at a rate, then ends by END.

python recorder.py RATE COUNT END

RATE: events a second; 0 for 5,000 at once and then 1,000 a second. COUNT: how many, 0 for no end.
END: stay, exit, raise, os._exit, close. With SERVE=1 it says that it serves, and so `server_stopped` at its end. With
JUMP=SECONDS a line on its input sets the clock.
"""

import os
import select
import sys
import threading
import time

from recording_host import ledger, ready, telemetry

BURST = 5000


def main() -> None:
    rate, count, end = float(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    host, book = telemetry(), ledger()
    if os.environ.get("SERVE"):
        host.server_started()
    if "JUMP" in os.environ:
        threading.Thread(target=set_the_clock, args=(float(os.environ["JUMP"]),), daemon=True).start()
    ready()
    pause = threading.Event()
    if rate == 0:
        book.record(host, min(BURST, count or BURST))
        rate = 1000
    began, done = time.perf_counter(), book.numbers[0]
    while not count or book.numbers[0] < count:
        due = done + int((time.perf_counter() - began) * rate) + 1
        book.record(host, max(0, min(due, count or due) - book.numbers[0]))
        pause.wait(min(0.005, 1 / rate))
    finish(end, host)


def set_the_clock(seconds: float) -> None:
    """Wait for a line, then move the wall clock of this process, by injection, because a machine has only one."""
    sys.stdin.readline()
    real = time.time
    time.time = lambda: real() + seconds


def finish(end: str, host: object) -> None:
    sys.stdout.write("recorded\n")
    sys.stdout.flush()
    if end == "stay":
        # A signal that arrives just before a blocking read is handled only after it, so no read is long.
        while not select.select([sys.stdin], [], [], 0.05)[0]:
            pass
        sys.stdin.read()
    elif end == "raise":
        raise RuntimeError("the host's own error")
    elif end == "os._exit":
        os._exit(3)
    elif end == "close":
        host.close()  # type: ignore[attr-defined] # a Telemetry


main()
