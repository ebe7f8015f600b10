"""Where strangers can send, an assistant gets no rows of values that senders choose freely."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from collector.tests.store.fill_store import open_store
from footfall_collector.answer import Answers, EstablishedValues, ReadGate
from footfall_collector.runtime import Status
from footfall_collector.show.mcp.tools import build_server
from tests.oracle import own_product

CATALOGUES = {own_product.PRODUCT: own_product.catalogue()}


@pytest.fixture
def answers(tmp_path: Path) -> Iterator[Answers]:
    store = open_store(tmp_path)
    yield Answers(store, CATALOGUES, value_caps=EstablishedValues(store, {}))
    store.close()


def ask(answers: Answers, shows_all_names: bool, **arguments: str) -> Any:
    """The text of the tool's answer."""
    status = Status()
    gate = ReadGate(lambda: 0, 30.0, status)
    gate.start()
    server = build_server(answers, gate, status, shows_all_names)

    async def call() -> Any:
        async with Client(server) as client:
            result = await client.call_tool("ask", arguments)
            return result.content[0].text  # type: ignore[union-attr]  # every answer is text

    try:
        return anyio.run(call)
    finally:
        gate.stop()


@pytest.mark.parametrize(
    ("by", "shown"), [("step", False), ("encrypted", True), ("engine_version", True), ("tool", True)]
)
def test_only_values_of_a_closed_form_or_of_many_instances_are_rows(answers: Answers, by: str, shown: bool) -> None:
    assert ("shown to who signs in only" in ask(answers, False, by=by)) is not shown
    assert "shown to who signs in only" not in ask(answers, True, by=by)
