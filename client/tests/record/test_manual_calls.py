"""`telemetry.tool(name)` counts calls outside MCP, as a context manager or a decorator, sync or async."""

import asyncio
import inspect
from typing import Any

import pytest

from footfall.testing import CapturingTelemetry, capture


@pytest.fixture
def telemetry() -> CapturingTelemetry:
    return capture()


def outcomes(telemetry: CapturingTelemetry) -> list[tuple[Any, ...]]:
    return [(p["tool"], p["success"], p["mcp_client"]) for p in telemetry.named("tool_executed")]


def test_a_block_is_one_call(telemetry: CapturingTelemetry) -> None:
    with telemetry.tool("recommend"):
        pass
    assert outcomes(telemetry) == [("recommend", True, "http")]
    assert telemetry.named("tool_error") == []


def test_an_exception_passes_through_and_is_counted_by_its_class(telemetry: CapturingTelemetry) -> None:
    with pytest.raises(LookupError), telemetry.tool("recommend"):
        raise LookupError("a user's words")
    assert outcomes(telemetry) == [("recommend", False, "http")]
    assert telemetry.named("tool_error") == [{"tool": "recommend", "error_type": "LookupError"}]


def test_a_decorated_function_keeps_its_name_signature_and_result(telemetry: CapturingTelemetry) -> None:
    @telemetry.tool("recommend", client="claude-code")
    def recommend(intent: str, limit: int = 3) -> str:
        """Recommend."""
        return intent * limit

    assert recommend("a") == "aaa"
    assert (recommend.__name__, recommend.__doc__) == ("recommend", "Recommend.")
    assert list(inspect.signature(recommend).parameters) == ["intent", "limit"]
    assert outcomes(telemetry) == [("recommend", True, "claude-code")]


def test_a_decorated_async_function_stays_async_and_counts_concurrent_calls(telemetry: CapturingTelemetry) -> None:
    release = asyncio.Event()

    @telemetry.tool("slow")
    async def slow(*, wait: bool) -> None:
        if wait:
            await release.wait()
        else:
            release.set()

    async def main() -> None:
        await asyncio.gather(slow(wait=True), slow(wait=True), slow(wait=False))

    assert inspect.iscoroutinefunction(slow)
    asyncio.run(main())
    assert outcomes(telemetry) == [("slow", True, "http")] * 3


def test_an_async_block_that_is_cancelled_has_failed(telemetry: CapturingTelemetry) -> None:
    async def main() -> None:
        async with telemetry.tool("slow"):
            await asyncio.Event().wait()

    async def impatient() -> None:
        await asyncio.wait_for(main(), 0.01)

    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(impatient())
    assert telemetry.named("tool_error") == [{"tool": "slow", "error_type": "CancelledError"}]


def test_the_tool_s_name_is_registered_while_the_client_s_name_is_checked(telemetry: CapturingTelemetry) -> None:
    with telemetry.tool("recommend", client="alice@example.com"):
        pass
    assert outcomes(telemetry) == [("recommend", True, "other")]
