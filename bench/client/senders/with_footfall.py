"""Footfall as a sender; see program.py."""

import os
import threading
import time
from typing import Any

from bench.client.senders.program import Library, main

MOST_SECONDS = 300


class Ours:
    """A product's telemetry with its defaults, but for the ten minutes of grace. Its state is under HOME."""

    def __init__(self, url: str, key: str) -> None:
        from footfall import Product, Telemetry
        from footfall.catalogue import ToolExecuted

        environ = {
            **os.environ,
            "DOT_AI_TELEMETRY_GRACE_SECONDS": "0",
            "DOT_AI_POSTHOG_HOST": url,
            "DOT_AI_POSTHOG_KEY": key,
        }
        self._telemetry = Telemetry(Product("dot-ai", version="2.2.0"), environ)
        assert self._telemetry.active, self._telemetry.decision.reason
        self._telemetry.register_tools("recommend")
        self._event: Any = ToolExecuted

    def capture(self) -> None:
        self._telemetry.record(self._event(tool="recommend", success=True, duration_ms=12.5, mcp_client="claude-code"))

    def flush(self) -> None:
        # flush() returns at once while the next attempt is not due; the measurement waits for that attempt.
        end, pause = time.monotonic() + MOST_SECONDS, threading.Event()
        while not self._telemetry.flush(60) and time.monotonic() < end:
            pause.wait(0.2)

    def shutdown(self) -> None:
        self._telemetry.close()


def make(url: str, key: str) -> Library:
    return Ours(url, key)


main(make)
