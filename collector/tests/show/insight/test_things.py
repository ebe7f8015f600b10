"""The sentence of a page about one thing."""

from typing import Any

import pytest

from footfall_collector.show.insight import met_error, unknown_thing, unused_thing, used_thing

WHOLE = {"calls": 400, "errors": 40, "instances": 30, "callers": 20, "p50_ms": 90.0}
NOW = {"calls": 100, "errors": 5, "instances": 9, "callers": 5, "p50_ms": 340.0}
USAGE = [{"tool": "query", "calls": 30}, {"tool": "apply", "calls": 70}]
KINDS = [
    {"tool": "query", "error_type": "TimeoutError", "errors": 3, "instances": 2},
    {"tool": "apply", "error_type": "KeyError", "errors": 2, "instances": 1},
    {"tool": "apply", "error_type": "TimeoutError", "errors": 1, "instances": 1},
]


def said(about: str, **changed: Any) -> str:
    return used_thing(about, "x1", {**NOW, **changed}, WHOLE, USAGE, KINDS).replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("about", "which"),
    [
        ("tool", "of `x1`"),
        ("mcp_client", "from `x1`, most often of `apply`"),
        ("ai_provider", "with `x1`, most often of `apply`"),
        ("product_version", "in `x1`, most often of `apply`"),
        ("k8s_version", "on Kubernetes `x1`, most often of `apply`"),
        ("transport", "by instances that connected over `x1`, most often of `apply`"),
        ("deployment_method", "by instances deployed by `x1`, most often of `apply`"),
    ],
)
def test_a_thing_is_said_with_its_reach_failures_and_duration(about: str, which: str) -> None:
    assert said(about) == (
        f"**5 instances** (25 % of those that called a tool) made **100 calls** {which}; **5 %** failed, most often "
        "with `TimeoutError`. Half took longer than **340 ms**."
    )


def test_what_is_not_known_is_not_said() -> None:
    assert said("tool", calls=0, errors=0, callers=0, p50_ms=None) == (
        "**9 instances** sent events, and no tool call of `x1` was counted."
    )
    assert "failed" not in said("tool", calls=10, errors=5), "a rate of few calls says nothing"
    assert "; none failed." in said("tool", errors=0, p50_ms=None)
    assert "of those" not in said("tool", callers=20)


def test_an_error_class_is_said_with_its_instances_and_tools() -> None:
    text = met_error("TimeoutError", [KINDS[0], KINDS[2]], 3, 40).replace("\u00a0", " ")
    assert text == (
        "**4 calls** of **3 instances** failed with `TimeoutError`, which is 10 % of all errors; most often in `query`."
    )
    assert met_error("TimeoutError", KINDS[:1], 1, 3) == "**3 calls** of **1 instance** failed with `TimeoutError`."


def test_names_are_code_whatever_they_are() -> None:
    assert unknown_thing("tool", "a`b") == "No event names the tool `a\\u0060b`."
    assert unused_thing("version", "1.0") == "Nothing was counted of the version `1.0` in this time range."
