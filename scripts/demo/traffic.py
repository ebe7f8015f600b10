"""The demo's traffic: all visitors at the start, so that the page is not empty; later calls are the user's own."""

import os
import random
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import anyio

from scripts.demo.children import Child
from scripts.demo.toolkit import Toolkit
from scripts.demo.visitors import AT_HOME, OPENING, OVER_SSE, VISITORS, Call, Visitor, questions
from scripts.demo.visits import over_http, over_sse, over_stdio, visit

OPENING_CALLS = 12


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
        self._questions = questions(random.Random(2026))

    async def opening(self, sse: Child) -> None:
        """Everyone at once. `sse` is a server over the old transport, which ends with its only visitor."""
        async with anyio.create_task_group() as everyone:
            for number in range(len(VISITORS)):
                everyone.start_soon(self._by_http, number, OPENING_CALLS)
            for number in range(len(AT_HOME)):
                everyone.start_soon(self._at_home, number, 4)
            everyone.start_soon(self._by_sse, sse)

    async def _by_http(self, number: int, count: int) -> None:
        await self._visit(over_http(self._toolkit), VISITORS[number], [*OPENING, *islice(self._questions, count)])

    async def _by_sse(self, server: Child) -> None:
        await self._visit(over_sse(server.url), OVER_SSE, islice(self._questions, 5))
        await anyio.to_thread.run_sync(server.stop)

    async def _at_home(self, number: int, count: int) -> None:
        visitor, provider, release = AT_HOME[number]
        # One has no cluster, the others one that does not answer: two kinds of error.
        kubeconfig = self._kubeconfig if number else Path(os.devnull)
        toolkit = Toolkit(provider, kubeconfig, self._directory / f"home-{number}", release)
        calls = islice(self._questions, count)
        await self._visit(over_stdio(toolkit, self._collector, self._nowhere), visitor, calls)

    async def _visit(
        self, transport: AbstractAsyncContextManager[Any], visitor: Visitor, calls: Iterable[Call]
    ) -> None:
        # Awaited first: `self.calls += await …` would add to what the sum was before the visit.
        asked = await visit(transport, visitor, calls)
        self.calls += asked
