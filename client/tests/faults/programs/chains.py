"""Handlers of SIGTERM or SIGINT under, over and after Footfall's: `python chains.py KIND`.

restored: says which handlers are left after a `close`: with the default, an own one, and one that is ignored.
over: the host puts a handler over ours, which calls ours, and ours is put in front again; SIGTERM.
closed: the host puts a handler over ours, which calls ours, and closes telemetry; SIGTERM.
twice: two event loops one after the other, each of which Ctrl-C cancels.
thread: telemetry starts on another thread, and again on the main one.
impatient: a second SIGTERM arrives while the first one still sends.
"""

import asyncio
import os
import signal
import sys
import threading
from types import FrameType
from typing import Any

from recording_host import ledger, ready, telemetry

from footfall.runtime import exit_hooks

calls: list[str] = []


def own(number: int, frame: FrameType | None) -> None:
    calls.append("own")
    os.write(1, b"own handler\n")


def put_over() -> None:
    """Install a handler that calls its predecessor, as most libraries do."""
    previous: Any = signal.getsignal(signal.SIGTERM)

    def over(number: int, frame: FrameType | None) -> None:
        calls.append("over")
        previous(number, frame)

    signal.signal(signal.SIGTERM, over)


def restored() -> None:
    for handler in (signal.SIG_DFL, own, signal.SIG_IGN):
        signal.signal(signal.SIGTERM, handler)
        host = telemetry()
        host.server_started()
        taken = signal.getsignal(signal.SIGTERM) is not handler
        host.close()
        print("restored", taken, signal.getsignal(signal.SIGTERM) is handler, flush=True)


def over() -> None:
    signal.signal(signal.SIGTERM, own)
    host, book = telemetry(), ledger()
    host.server_started()
    for _ in range(3):
        put_over()
        host.rearm_signals()
    book.record(host, 3)
    os.kill(os.getpid(), signal.SIGTERM)
    print("calls", *calls, flush=True)


def closed() -> None:
    signal.signal(signal.SIGTERM, own)
    host, book = telemetry(), ledger()
    host.server_started()
    put_over()
    front = signal.getsignal(signal.SIGTERM)
    book.record(host, 3)
    host.close()
    assert signal.getsignal(signal.SIGTERM) is front
    os.kill(os.getpid(), signal.SIGTERM)
    print("calls", *calls, flush=True)


def twice() -> None:
    host = telemetry()

    async def serve() -> None:
        host.server_started()
        host.rearm_signals()
        ready()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            print("cancelled", flush=True)
            raise

    for _ in range(2):
        try:
            asyncio.run(serve())
        except KeyboardInterrupt:
            print("interrupted", signal.getsignal(signal.SIGINT) is signal.default_int_handler, flush=True)


def thread() -> None:
    host, book = telemetry(), ledger()
    other = threading.Thread(target=host.server_started)
    other.start()
    other.join()
    print("handler", signal.getsignal(signal.SIGTERM) is signal.SIG_DFL, flush=True)
    host.rearm_signals()
    print("handler", signal.getsignal(signal.SIGTERM) is signal.SIG_DFL, flush=True)
    book.record(host, 3)
    other = threading.Thread(target=host.close)
    other.start()
    other.join()
    os.kill(os.getpid(), signal.SIGTERM)


def impatient() -> None:
    # So that the process ends in time by the second signal alone.
    exit_hooks.EXIT_SECONDS = 600.0
    host, book = telemetry(), ledger()
    host.server_started()
    book.record(host, 3)
    ready()
    threading.Event().wait()


{"restored": restored, "over": over, "closed": closed, "twice": twice, "thread": thread, "impatient": impatient}[
    sys.argv[1]
]()
