"""The host's function for extra properties: its box of time, its errors, and the kinds of what it returns."""

import asyncio
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import pytest

from footfall import Product, Telemetry
from footfall.catalogue import Amount, ExtraProperties, Flag, Identifier, Property, ToolName, Version, Vocabulary
from footfall.record.extra_values import BOX_SECONDS, FORGIVING_CALLS, PropertySource
from footfall.testing import CapturingTelemetry, capture

SECRET = "gelemadofax"


def said(kind: Any, **more: Any) -> Property:
    return Property(kind, meaning="A meaning", purpose="A purpose", question="tools", **more)


class OfCalls(ExtraProperties, frozen=True, tag="tool_executed"):
    plan: Annotated[str, said(Vocabulary("plan", ("free", "paid")))]
    seats: Annotated[float, said(Amount("seats", 1000))]
    beta: Annotated[bool, said(Flag())]
    engine: Annotated[str, said(Version())]
    route: Annotated[str, said(ToolName())]
    backend: Annotated[str, said(Identifier())]
    gone: Annotated[str, said(Identifier(), retired="2.0")]


SHOP = Product("shop", catalogue=(OfCalls,), write_key="phc_key")
STANDARD = {"tool", "success", "mcp_client", "duration_ms"}


def called(function: Any, times: int = 1, product: Product = SHOP) -> CapturingTelemetry:
    """What a capture has after calls of a tool by hand."""
    telemetry = capture(product)
    telemetry.fill_properties(function)
    for _ in range(times):
        with telemetry.tool("sort"):
            pass
    assert len(telemetry.named("tool_executed")) == times
    return telemetry


def extra(telemetry: CapturingTelemetry) -> list[dict[str, Any]]:
    """The extra properties of each call."""
    return [{k: v for k, v in own.items() if k not in STANDARD} for own in telemetry.named("tool_executed")]


def noted(telemetry: CapturingTelemetry) -> dict[str, int]:
    """The notes of a capture, without slow calls: a busy machine makes some."""
    return {note: count for note, count in telemetry.counters.notes.items() if note != "slow_properties"}


def test_every_kind_is_checked_as_any_other_property() -> None:
    values = {"plan": "free", "seats": 123.4, "beta": True, "engine": "v2.1-acme", "route": "sort", "backend": "Redis"}
    telemetry = called(lambda tool: values)
    admitted = {"plan": "free", "seats": 120, "beta": True, "engine": "2.1", "route": "sort", "backend": "Redis"}
    assert extra(telemetry) == [admitted]
    assert noted(telemetry) == {}


def test_the_function_gets_the_name_of_the_tool_and_may_return_nothing() -> None:
    seen: list[Any] = []
    assert extra(called(seen.append)) == [{}]
    assert extra(called(lambda tool: {"plan": None, "backend": tool})) == [{"backend": "sort"}]
    assert seen == ["sort"]


def test_what_is_unknown_retired_or_of_another_kind_is_left_out_counted_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    wrong: dict[Any, Any] = {"plan": SECRET, "seats": SECRET, "beta": 1, SECRET: SECRET, 1: SECRET, "gone": SECRET}
    with caplog.at_level(logging.INFO, "footfall"):
        telemetry = called(lambda tool: wrong, times=3)
    assert extra(telemetry) == [{"plan": "other"}] * 3
    assert noted(telemetry) == {"unknown_property": 3, "inadmissible_property": 6}
    assert len(caplog.records) == 2
    assert "(tool_executed.seats)" in caplog.text
    assert SECRET not in caplog.text


def test_without_a_declaration_every_property_is_unknown() -> None:
    telemetry = called(lambda tool: {"plan": "free"}, product=Product("shop"))
    assert extra(telemetry) == [{}]
    assert noted(telemetry) == {"unknown_property": 1}


class OwnError(BaseException):
    """An error that is no Exception."""


def raising(error: type[BaseException]) -> Callable[[Any], object]:
    def function(tool: object) -> object:
        raise error(SECRET)

    return function


async def asynchronous(tool: object) -> dict[str, Any]:
    return {"plan": "free"}


@pytest.mark.parametrize(
    "function",
    [
        *map(raising, (ValueError, OwnError, SystemExit, asyncio.CancelledError, GeneratorExit, RecursionError)),
        lambda tool: [("plan", SECRET)],
        lambda tool: SECRET,
        lambda tool, more: {},
        lambda tool: asynchronous(tool),
    ],
    ids=["error", "own", "exit", "cancelled", "generator", "recursion", "list", "text", "arguments", "async"],
)
def test_an_error_is_counted_logged_once_and_never_the_hosts(
    function: Any, caplog: pytest.LogCaptureFixture, recwarn: pytest.WarningsRecorder
) -> None:
    with caplog.at_level(logging.INFO, "footfall"):
        telemetry = called(function, times=3)
    assert extra(telemetry) == [{}] * 3
    assert noted(telemetry) == {"failed_properties": 3}
    assert len(caplog.records) == 1
    assert SECRET not in caplog.text
    assert not recwarn.list


@pytest.mark.parametrize("function", [asynchronous, "text", None, 5], ids=["async", "text", "none", "number"])
def test_what_is_no_plain_function_is_said_once_and_not_called(function: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "footfall"):
        assert extra(called(function)) == [{}]
    assert len(caplog.records) == 1
    assert "not a plain function" in caplog.text


def slow(tool: object) -> dict[str, Any]:
    """Takes longer than its box."""
    end = perf_counter() + BOX_SECONDS
    while perf_counter() <= end:
        pass
    return {"plan": "free"}


def test_a_slow_function_is_switched_off_with_one_line_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "footfall"):
        telemetry = called(slow, times=5)
    assert extra(telemetry) == [{"plan": "free"}] * 3 + [{}] * 2
    assert telemetry.counters.notes == {"slow_properties": 3}
    assert len(caplog.records) == 1
    assert "took longer than 10 ms; where it is slow again and again, the process does not call it" in caplog.text


def test_a_slow_call_now_and_then_is_forgiven() -> None:
    source = PropertySource(lambda tool: {})
    for _ in range(20):
        assert source.count(1.0)
        assert not any(source.count(0.001) for _ in range(FORGIVING_CALLS))
    assert not source.is_off
    for _ in range(3):
        source.count(1.0)
        source.count(0.001)
    assert source.is_off


def test_a_function_that_makes_a_counted_call_is_not_called_for_that_one() -> None:
    telemetry = capture(SHOP)
    telemetry.fill_properties(lambda tool: {"plan": telemetry.tool("inner")(lambda: "paid")()})
    with telemetry.tool("sort"):
        pass
    assert [(own["tool"], own.get("plan")) for own in telemetry.named("tool_executed")] == [
        ("inner", None),
        ("sort", "paid"),
    ]


def test_nothing_of_it_is_imported_without_a_function(tmp_path: Path) -> None:
    program = (
        "import sys; from footfall import Product, Telemetry; t = Telemetry(Product('shop', write_key='k'))\n"
        "with t.tool('sort'): pass\n"
        "print(t.active, 'footfall.record.extra_values' in sys.modules)"
    )
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "SHOP_POSTHOG_HOST": "http://127.0.0.1:9"}
    run = [sys.executable, "-c", program]
    assert subprocess.run(run, env=environ, capture_output=True, text=True, timeout=60, check=True).stdout == (
        "True False\n"
    )


def test_preview_still_explains_mistakes_in_events_with_extra_properties(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    environ = {"SHOP_TELEMETRY_STATE_DIR": str(tmp_path), "SHOP_TELEMETRY": "preview"}
    telemetry = Telemetry(SHOP, environ)
    telemetry.fill_properties(lambda tool: {"seats": SECRET})
    with caplog.at_level(logging.WARNING, "footfall"):
        wrong: Any = 5
        telemetry.record_call(wrong, "cursor", 0.1, None, telemetry.property_source)
        with telemetry.tool("sort"):
            pass
    telemetry.close()
    assert "not sent: tool_executed.tool is no text" in caplog.text
    assert "(tool_executed.seats)" in caplog.text
    assert SECRET not in caplog.text
