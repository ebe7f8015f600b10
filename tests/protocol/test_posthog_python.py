"""The real posthog-python: every event counted once, no complaint, no request more than its batches need."""

import asyncio
import logging
from collections import Counter
from importlib.metadata import version
from typing import Any

import posthog
import pytest
from mcp.client import Client
from mcp.server.mcpserver import MCPServer
from posthog.mcp import instrument

from tests.protocol.events import KEY, PLANTED, expected, refusals, to_capture
from tests.protocol.sdk_table import assert_listed
from tests.protocol.talk import Talk

SYNC = {"sync_mode": True}
V1 = {"capture_mode": "v1"}


@pytest.mark.parametrize(
    ("options", "requests"),
    [
        pytest.param({**SYNC, "gzip": True}, 36, id="each event by itself, compressed"),
        pytest.param({}, 1, id="in the background"),
        pytest.param({"gzip": True, "flush_at": 9}, 4, id="in the background, four compressed batches"),
    ],
)
def test_v0_delivers_every_event_once(
    talk: Talk, options: dict[str, Any], requests: int, caplog: pytest.LogCaptureFixture
) -> None:
    assert sent_by(talk, options) == []
    assert caplog.records == []
    assert [request.head.split()[1] for request in talk.deliveries()] == [b"/batch/"] * requests
    assert talk.statuses() == Counter({200: requests})
    talk.assert_counted_once(expected(), refusals())
    assert_listed(talk, "posthog-python", version("posthog"))
    talk.assert_nothing_kept()


@pytest.mark.parametrize("compression", ["gzip", "deflate", "zstd"])
def test_v1_delivers_every_event_once_and_hears_which_ones_were_refused(
    talk: Talk, compression: str, caplog: pytest.LogCaptureFixture
) -> None:
    errors = sent_by(talk, {**V1, "capture_compression": compression})
    # That it says so is this protocol's purpose; it says nothing else.
    [said] = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert f"{refusals()} event(s) dropped by the server" in said
    [delivery] = talk.deliveries()
    assert delivery.head.startswith(b"POST /i/v1/analytics/events ")
    assert talk.statuses() == Counter({200: 1})
    told = {(name, why) for error in errors for name, why in error.drops}
    refused = {event["uuid"] for event in talk.sent() if event["event"] not in expected()}
    assert told == {(name, "unknown_event") for name in refused}
    assert len(refused) == refusals()
    talk.assert_counted_once(expected(), refusals())
    talk.assert_nothing_kept()


def test_v1_sends_a_good_batch_without_any_complaint(talk: Talk, caplog: pytest.LogCaptureFixture) -> None:
    assert sent_by(talk, {**V1, **SYNC}, only=expected()) == []
    assert caplog.records == []
    assert talk.statuses() == Counter({200: expected().total()})
    talk.assert_counted_once(expected(), 0)
    assert_listed(talk, "posthog-python", version("posthog"))


def test_persons_and_exceptions_are_refused_without_a_complaint(talk: Talk, caplog: pytest.LogCaptureFixture) -> None:
    client, errors = client_of(talk, {})
    with caplog.at_level(logging.WARNING):
        client.set(distinct_id="cluster_1", properties={"email": PLANTED})
        client.alias("cluster_1", PLANTED)
        client.group_identify("company", PLANTED, {"name": PLANTED})
        client.capture_exception(ValueError(PLANTED), distinct_id="cluster_1")
        flags = client.evaluate_flags("cluster_1", person_properties={"email": PLANTED})
        assert not flags.is_enabled("any")
        client.shutdown()
    assert (errors, caplog.records) == ([], [])
    assert {event["event"] for event in talk.sent()} >= {"$set", "$create_alias", "$groupidentify", "$exception"}
    talk.assert_counted_once(Counter(), len(talk.sent()))
    talk.assert_nothing_kept()


async def many_calls(server: MCPServer) -> None:
    async with Client(server) as client:
        for _ in range(3):
            await client.call_tool("query", {"namespace": PLANTED})


def test_what_posthogs_own_mcp_instrumentation_sends_is_refused(talk: Talk, caplog: pytest.LogCaptureFixture) -> None:
    client, errors = client_of(talk, {})
    server = MCPServer("measured")

    @server.tool()
    def query(namespace: str) -> str:
        """Look into a namespace."""
        return f"pods of {namespace}"

    with caplog.at_level(logging.ERROR):
        instrument(server, client)
        asyncio.run(many_calls(server))
        client.shutdown()
    assert (errors, caplog.records) == ([], [])
    assert Counter(event["event"] for event in talk.sent())["$mcp_tool_call"] == 3
    talk.assert_counted_once(Counter(), len(talk.sent()))
    talk.assert_nothing_kept()


def client_of(talk: Talk, options: dict[str, Any]) -> tuple[posthog.Posthog, list[Any]]:
    errors: list[Any] = []
    client = posthog.Posthog(KEY, host=talk.url, on_error=lambda error, _: errors.append(error), **options)
    return client, errors


def sent_by(talk: Talk, options: dict[str, Any], only: Counter[str] | None = None) -> list[Any]:
    """Send everything (or `only` some) with a client of these options; its errors."""
    client, errors = client_of(talk, options)
    for event in to_capture():
        if only is None or event["event"] in only:
            name = event.pop("event")
            client.capture(name, **event)
    client.shutdown()
    return errors
