"""A host with its own SIGTERM handler of some kind; it exits with code 7.

python handlers.py plain|later|asyncio|ignoring|interpreter

interpreter: a sub-interpreter starts telemetry of its own and ends without closing it.
"""

import asyncio
import importlib
import os
import signal
import sys
import threading
from types import FrameType

from recording_host import ledger, ready, telemetry

host, book = telemetry(), ledger()


def own(number: int, frame: FrameType | None) -> None:
    os.write(1, b"own handler\n")  # unlike print, re-entrant
    sys.exit(7)


async def loop() -> None:
    done = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, done.set)
    host.server_started()
    host.rearm_signals()
    book.record(host, 3)
    ready()
    await done.wait()
    print("own handler", flush=True)
    sys.exit(7)


INSIDE = """
import os, sys
sys.path[:] = PATHS
from footfall import Product, Telemetry
telemetry = Telemetry(Product("test-host", version="1.2.3", write_key="phc_test"))
telemetry.server_started()
telemetry.rearm_signals()
os.write(1, b"inside\\n")
"""


def use_an_interpreter() -> None:
    try:
        interpreters = importlib.import_module("_interpreters")
    except ImportError:
        interpreters = importlib.import_module("_xxsubinterpreters")  # before Python 3.13
    inner = interpreters.create()
    interpreters.run_string(inner, INSIDE.replace("PATHS", repr(sys.path)))
    interpreters.destroy(inner)


kind = sys.argv[1]
if kind == "asyncio":
    asyncio.run(loop())
if kind == "plain":
    signal.signal(signal.SIGTERM, own)
if kind == "ignoring":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
host.server_started()
if kind == "later":
    signal.signal(signal.SIGTERM, own)
    host.rearm_signals()
book.record(host, 3)
if kind == "interpreter":
    ours = signal.getsignal(signal.SIGTERM)
    use_an_interpreter()
    print("handler", signal.getsignal(signal.SIGTERM) is ours, flush=True)
    book.record(host, 3)
ready()
if kind == "ignoring":
    sys.stdin.readline()
    sys.exit(7)
threading.Event().wait()
