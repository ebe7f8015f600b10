"""A decorated generator counts when it ends, and passes on what its consumer sends, throws and closes."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from typing import Any

import pytest

from footfall.testing import CapturingTelemetry, capture


@pytest.fixture
def telemetry() -> CapturingTelemetry:
    return capture()


def counting_down(start: int = 3) -> Generator[int, str, str]:
    """Count down."""
    heard = []
    for number in range(start, 0, -1):
        heard.append((yield number))
    return ",".join(heard)


async def nothing() -> None:
    pass


def test_a_method_in_a_class_body_keeps_its_self(telemetry: CapturingTelemetry) -> None:
    class Host:
        @telemetry.tool("slow")
        def numbers(self, count: int) -> Iterator[int]:
            yield from range(count)

    assert list(Host().numbers(3)) == [0, 1, 2]
    assert len(telemetry.named("tool_executed")) == 1


def test_a_generator_receives_what_is_sent_and_returns_its_value(telemetry: CapturingTelemetry) -> None:
    generator = telemetry.tool("count")(counting_down)(2)
    assert next(generator) == 2
    assert generator.send("a") == 1
    assert telemetry.events == []
    with pytest.raises(StopIteration) as end:
        generator.send("b")
    assert end.value.value == "a,b"
    assert [event["success"] for event in telemetry.named("tool_executed")] == [True]


def test_a_generator_handles_an_exception_that_is_thrown_in(telemetry: CapturingTelemetry) -> None:
    @telemetry.tool("slow")
    def patient() -> Iterator[str]:
        try:
            yield "first"
        except KeyError:
            yield "second"

    generator: Any = patient()
    assert next(generator) == "first"
    assert generator.throw(KeyError()) == "second"
    with pytest.raises(ValueError, match="x"):
        generator.throw(ValueError("x"))
    assert telemetry.named("tool_error") == [{"tool": "slow", "error_type": "ValueError"}]


def test_an_async_generator_receives_values_and_exceptions(telemetry: CapturingTelemetry) -> None:
    @telemetry.tool("slow")
    async def patient() -> AsyncGenerator[str, str]:
        heard = yield "first"
        try:
            yield heard
        except KeyError:
            yield "second"

    async def main() -> None:
        generator: Any = patient()
        assert await generator.asend(None) == "first"
        assert await generator.asend("heard") == "heard"
        assert await generator.athrow(KeyError()) == "second"
        with pytest.raises(StopAsyncIteration):
            await generator.asend(None)

    asyncio.run(main())
    assert [event["success"] for event in telemetry.named("tool_executed")] == [True]


def test_a_generator_that_is_closed_early_has_succeeded_and_cleans_up(telemetry: CapturingTelemetry) -> None:
    closed = []

    @telemetry.tool("sync")
    def endless() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.append("sync")

    @telemetry.tool("async")
    async def endless_async() -> AsyncIterator[int]:
        try:
            while True:
                yield 1
        finally:
            await asyncio.sleep(0)
            closed.append("async")

    async def main() -> None:
        stream: Any = endless_async()
        await stream.asend(None)
        await stream.aclose()

    generator: Any = endless()
    next(generator)
    generator.close()
    asyncio.run(main())
    assert closed == ["sync", "async"]
    executed = telemetry.named("tool_executed")
    assert [(event["tool"], event["success"]) for event in executed] == [("sync", True), ("async", True)]


def test_what_never_starts_counts_nothing(telemetry: CapturingTelemetry) -> None:
    telemetry.tool("slow")(counting_down)().close()
    telemetry.tool("slow")(nothing)().close()
    assert telemetry.events == []
