"""The demo's traffic: a quick opening, so that the page is not empty, then a trickle."""

import os
import random
from itertools import islice
from pathlib import Path
from typing import TextIO

import anyio

from scripts.demo.children import Child
from scripts.demo.plan import telemetry_to
from scripts.demo.visitors import AT_HOME, OPENING, OVER_SSE, VISITORS, questions
from scripts.demo.visits import over_http, over_sse, over_stdio, visit

OPENING_CALLS = 12
TRICKLE_PAUSE = 2.0
HOME_EVERY = 8
"""Every so many visits of the trickle, one comes with a server of its own, which takes a moment of CPU to start."""


class Traffic:
    """Sends visitors to the demo's server and counts their tool calls in `calls`.

    Args:
        toolkit: the address of the server's `/mcp`.
        collector: where the visitors' own servers send their telemetry.
        directory: for the state of the visitors' own servers, one directory each.
        kubeconfig: of a cluster that does not answer.
        nowhere: what the visitors' own servers write their log to.
    """

    def __init__(self, toolkit: str, collector: str, directory: Path, kubeconfig: Path, nowhere: TextIO) -> None:
        self.calls = 0
        self._toolkit = toolkit
        self._collector = collector
        self._directory = directory
        self._kubeconfig = kubeconfig
        self._nowhere = nowhere
        self._chance = random.Random(2026)
        self._questions = questions(self._chance)

    async def opening(self, sse: Child) -> None:
        """Everyone at once. `sse` is a server over the old transport, which ends with its only visitor."""
        async with anyio.create_task_group() as everyone:
            for number in range(len(VISITORS)):
                everyone.start_soon(self._by_http, number, OPENING_CALLS, 0.0)
            for number in range(len(AT_HOME)):
                everyone.start_soon(self._at_home, number, 4)
            everyone.start_soon(self._by_sse, sse)

    async def trickle(self) -> None:
        """One visit after the other, until cancelled. Nobody asks for `version`."""
        number = 0
        while True:
            number += 1
            if number % HOME_EVERY == 0:
                await self._at_home(self._chance.randrange(len(AT_HOME)), 3)
            else:
                await self._by_http(self._chance.randrange(len(VISITORS)), self._chance.randint(2, 5), TRICKLE_PAUSE)

    async def _by_http(self, number: int, count: int, pause: float) -> None:
        asked = [*(OPENING if not pause else ()), *islice(self._questions, count)]
        self.calls += await visit(over_http(self._toolkit), VISITORS[number], asked, pause)

    async def _by_sse(self, server: Child) -> None:
        self.calls += await visit(over_sse(server.url), OVER_SSE, islice(self._questions, 5), 0.0)
        await anyio.to_thread.run_sync(server.stop)

    async def _at_home(self, number: int, count: int) -> None:
        visitor, provider = AT_HOME[number]
        state = self._directory / f"home-{number}"
        environment = {
            **telemetry_to(self._collector, state),
            # One has no cluster, the others one that does not answer: two kinds of error.
            "KUBECONFIG": str(self._kubeconfig) if number else os.devnull,
            "NO_PROXY": "127.0.0.1",
            provider: "a-key-of-the-demo",
        }
        calls = islice(self._questions, count)
        self.calls += await visit(over_stdio(environment, self._nowhere), visitor, calls, 0.2)
