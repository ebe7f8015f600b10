"""`/healthz` and `/readyz`: one word each, for probes and load balancers, before the gate.

Who probes sends any Host or none, and may share its address with strangers, whose requests must not use up its own. So
no limit applies, and the answer has nothing but the word.
"""

import time
from collections.abc import Callable

from ..receive.asgi import PLAIN, Answer, Receive, Scope, Send, send_answer
from ..runtime import Status

_METHODS = b"GET, HEAD, OPTIONS"
_NOT_ALLOWED = Answer(405, b"Use GET, HEAD or OPTIONS here.\n", PLAIN, [(b"allow", _METHODS)])
_OPTIONS = Answer(204, headers=[(b"allow", _METHODS)])
_CACHE_SECONDS = 1.0
"""Alarms are measured, also on the disk; anyone can ask at any rate."""


class Probes:
    """The ASGI application of the two paths, each with or without a slash at its end."""

    def __init__(self, status: Status, clock: Callable[[], float] = time.monotonic) -> None:
        self._status, self._clock = status, clock
        self._measured_at = float("-inf")
        self._healthy = True
        self._answers = {"/healthz": self._health, "/readyz": self._readiness}

    def handles(self, path: str) -> bool:
        return path.removesuffix("/") in self._answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        method = scope["method"]
        if method == "OPTIONS":
            answer = _OPTIONS
        elif method in ("GET", "HEAD"):
            answer = self._answers[scope["path"].removesuffix("/")]()
        else:
            answer = _NOT_ALLOWED
        await send_answer(send, answer)

    def _health(self) -> Answer:
        """200 while the process runs, whatever the word is: a restart mends no alarm."""
        if self._clock() - self._measured_at >= _CACHE_SECONDS:
            self._healthy, self._measured_at = not self._status.alarms(), self._clock()
        return Answer(200, b"ok\n" if self._healthy else b"alarm\n", PLAIN)

    def _readiness(self) -> Answer:
        """503 while events can't be accepted."""
        ready = self._status.gauge("ready") == 1 and not self._status.gauge("journal_failing")
        return Answer(200, b"ready\n", PLAIN) if ready else Answer(503, b"not ready\n", PLAIN)
