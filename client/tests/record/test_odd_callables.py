"""`telemetry.tool(name)` over a host's odd objects: proxies, partials, and what becomes a method later."""

import asyncio
import functools
import inspect
from typing import Any

import pytest

from client.tests.record.test_counted_callables import SECONDS, Callables, Ending, succeed, work
from footfall.testing import CapturingTelemetry, capture


@pytest.fixture
def telemetry() -> CapturingTelemetry:
    return capture()


class Hostile:
    """A proxy without an object behind it: every attribute raises."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)

    @property  # type: ignore[misc] # what such proxies do
    def __class__(self) -> type:
        raise RuntimeError("__class__")

    def __call__(self) -> str:
        return "done"


class NoCallbacks:
    """Looks like a future, and takes no callback."""

    def cancelled(self) -> bool:
        return False

    def add_done_callback(self, function: object) -> None:
        raise RuntimeError("a user's words")


@pytest.mark.parametrize("kind", [Hostile, NoCallbacks])
def test_whatever_a_call_returns_reaches_the_caller_and_counts(telemetry: CapturingTelemetry, kind: type) -> None:
    returned = kind()
    assert telemetry.tool("slow")(lambda: returned)() is returned
    assert [event["success"] for event in telemetry.named("tool_executed")] == [True]


def test_an_object_whose_attributes_raise_is_called_and_counted(telemetry: CapturingTelemetry) -> None:
    assert telemetry.tool("slow")(Hostile())() == "done"
    assert len(telemetry.named("tool_executed")) == 1


class Named(functools.partial[Any]):
    """A partial of a class of the host's."""


@pytest.mark.parametrize("kind", [functools.partial, Named])
def test_a_partial_keeps_its_class_and_its_name(telemetry: CapturingTelemetry, kind: type[Any]) -> None:
    partial = kind(work, succeed)
    partial.__name__ = "recommend"
    decorated: Any = telemetry.tool("slow")(partial)
    assert (type(decorated), decorated.__name__) == (kind, "recommend")
    assert inspect.iscoroutinefunction(decorated)
    assert asyncio.run(decorated()) == "done"
    assert len(telemetry.named("tool_executed")) == 1


def test_an_object_stays_an_instance_of_its_class(telemetry: CapturingTelemetry) -> None:
    assert isinstance(telemetry.tool("slow")(Callables()), Callables)


def test_methods_that_are_bound_when_they_are_looked_up(telemetry: CapturingTelemetry) -> None:
    tool = telemetry.tool("slow")

    class Tools:
        async def full(self, ending: Ending) -> str:
            return await work(ending)

        short = tool(functools.partialmethod(full, succeed))

        @tool
        @functools.singledispatchmethod
        def any_kind(self, value: object) -> str:
            return "object"

        @any_kind.register
        def _(self, value: int) -> str:
            return "int"

    assert asyncio.run(Tools().short()) == "done"
    assert telemetry.named("tool_executed")[0]["duration_ms"] >= SECONDS * 900
    assert (Tools().any_kind("x"), Tools().any_kind(1)) == ("object", "int")
    assert len(telemetry.named("tool_executed")) == 3
