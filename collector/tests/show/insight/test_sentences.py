"""The sentences that open the pages."""

from datetime import date
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall_collector.show.insight import Regression, sentences
from footfall_collector.show.insight.units import NBSP, format_milliseconds, format_percent, format_points


def plain(text: str) -> str:
    """The text with ordinary spaces in place of no-break spaces."""
    return text.replace(NBSP, " ")


def regression(
    kind: Literal["errors", "duration"], tool: str, version: str, now: float = 1, was: float = 0
) -> Regression:
    return Regression(kind, version, tool, "2.2.0", now, was, 0.0, 1.0, 100, "")


USAGE = [
    {"tool": "query", "calls": 600, "instances": 30},
    {"tool": "recommend", "calls": 390, "instances": 61},
    {"tool": "version", "calls": 10, "instances": 5},
]
RATES = [
    {"tool": "query", "calls": 600, "errors": 12},
    {"tool": "recommend", "calls": 390, "errors": 30},
    {"tool": "version", "calls": 10, "errors": 0},
]


def test_the_overview_has_instances_calls_and_the_error_rate() -> None:
    text = plain(sentences.overview(USAGE, RATES, 800, 100))
    assert text == (
        "**100 instances** made **1,000 tool calls**, 25 % more than in the previous period; "
        "`query` is called most, and **4.2 %** of all calls fail."
    )


def test_the_tool_with_the_most_instances_comes_before_the_one_with_the_most_calls() -> None:
    durations = [
        {"tool": "query", "calls": 600, "p50_ms": 120.0},
        {"tool": "recommend", "calls": 390, "p50_ms": 4200.0},
        {"tool": "version", "calls": 10, "p50_ms": 90000.0},
    ]
    text = plain(sentences.tools(USAGE, 100, durations, None, []))
    assert text.startswith(
        "`recommend` is used by **61 % of instances** and makes up 39 % of all calls; `query` comes next."
    )
    assert text.endswith(
        "Of the tools with 20 calls or more, `recommend` is the slowest, with a median of **4.2 s**."
    ), "a tool with few calls is not named"
    assert plain(sentences.tools(USAGE, 100, durations[:2], None, [])).endswith(
        "comes next. `recommend` is the slowest, with a median of **4.2 s**."
    )


def test_a_superlative_is_restricted_where_the_chart_shows_a_higher_value() -> None:
    few = {"tool": "logs", "calls": 3, "instances": 1, "errors": 3}
    other = {"tool": "other", "calls": 500, "instances": 1, "errors": 400}
    for left_out, begins in (
        ([few], "Of the tools with 20 calls or more, "),
        ([{**few, "tool": "other"}], "Of the tools with 20 calls or more, "),
        ([other], "Apart from unlisted tools, "),
        ([few, other], "Of the named tools with 20 calls or more, "),
        ([{**few, "errors": 0}], ""),
    ):
        text = plain(sentences.errors([*RATES, *left_out], [], []))
        assert f". {begins}`recommend` fails most often (**7.7 %** of calls)." in text
    assert "; apart from unlisted tools, `query` is called most" in sentences.overview(
        [*USAGE, {**other, "calls": 700}], RATES, 0, 9
    )


def test_the_regression_of_the_leading_tool_is_mentioned() -> None:
    more_errors = [regression("errors", "recommend", "2.3.0", 0.12, 0.06)]
    assert "; {bad|its error rate rose from 6 % to 12 %} in `2.3.0`; `query` comes next." in plain(
        sentences.tools(USAGE, 100, [], None, more_errors)
    )
    assert "{bad|" not in sentences.tools(USAGE, 100, [], "query", more_errors)
    slower = [regression("duration", "recommend", "2.3.0", 9400.0, 620.0)]
    assert "{bad|its median rose from 620 ms to 9.4 s} in `2.3.0`" in plain(
        sentences.tools(USAGE, 100, [], None, slower)
    )


def test_under_a_tool_filter_the_sentence_is_about_that_tool() -> None:
    durations = [{"tool": tool, "calls": 600, "p50_ms": 120.0} for tool in ("query", "recommend")]
    assert plain(sentences.tools(USAGE, 100, durations, "query", [])) == (
        "`query` is used by **30 % of instances** and makes up 60 % of all calls. "
        "Half of its calls take longer than **120 ms**."
    )
    assert sentences.tools(USAGE, 100, durations, "never called", []) == sentences.NO_EVENTS


def test_other_is_named_only_where_there_is_no_other_name() -> None:
    other = {"tool": "other", "calls": 5000, "instances": 99, "errors": 4000}
    assert "`query` is called most" in sentences.overview([*USAGE, other], [*RATES, other], 0, 100)
    assert sentences.tools([*USAGE, other], 100, [], None, []).startswith("`recommend`")
    assert "`recommend` fails most often" in sentences.errors([*RATES, other], [], [])
    assert sentences.tools([other], 100, [], None, []).startswith("`other`")
    clients = [{"mcp_client": name, "connections": n} for name, n in (("other", 60), ("goose", 30), ("Zed", 10))]
    assert "**30 %** of connections come from `goose`, ahead of `Zed` with 10 %" in plain(
        sentences.clients([], clients, 0)
    )


def test_hidden_events_are_mentioned_where_all_events_are_internal() -> None:
    assert sentences.only_internal(1) == "Only **1 internal event** (CI and tests) was counted in this time range."
    assert "**1,200 internal events** (CI and tests) were" in sentences.only_internal(1200)


def test_the_errors_sentence_has_the_change_the_class_and_the_tool() -> None:
    classes = [
        {"tool": "recommend", "error_type": "TimeoutError", "errors": 25},
        {"tool": "query", "error_type": "ApiException", "errors": 12},
        {"tool": "recommend", "error_type": "ApiException", "errors": 5},
    ]
    before = [{"tool": "query", "calls": 1000, "errors": 20}]
    assert plain(sentences.errors(RATES, before, classes)) == (
        "**4.2 %** of 1,000 calls failed, {bad|up from 2 %}; `TimeoutError` is 60 % of the errors, "
        "most often in `recommend`. "
        "`recommend` fails most often (**7.7 %** of calls)."
    )


def test_tools_that_the_server_did_not_register_are_unlisted_and_no_name() -> None:
    classes = [{"tool": "other", "error_type": "TimeoutError", "errors": 25}]
    assert "most often in unlisted tools." in plain(sentences.errors(RATES, [], classes))


def test_points_whose_ends_are_one_number_are_one_number() -> None:
    shown = [format_points(*ends).replace(NBSP, " ") for ends in ((0.0021, 0.0023), (-0.0023, -0.0021), (0.0, 0.0003))]
    assert shown == ["up 0.2 points", "down 0.2 points", "by less than 0.1 points"]


@pytest.mark.parametrize(("was", "words"), [(42, "as before (4.2 %)"), (100, "{good|down from 10 %}"), (0, "failed;")])
def test_a_change_of_the_error_rate_is_mentioned_only_where_there_is_one(was: int, words: str) -> None:
    classes = [{"tool": "recommend", "error_type": "TimeoutError", "errors": 42}]
    assert words in plain(sentences.errors(RATES, [{"tool": "query", "calls": 1000, "errors": was}], classes))


def test_without_errors_the_sentence_says_that_all_calls_succeeded() -> None:
    text = plain(sentences.errors([{"tool": "query", "calls": 7, "errors": 0}], [], []))
    assert text == "No call failed: **all 7 calls** succeeded."


def test_the_leading_provider_and_client_are_named_with_the_runner_up() -> None:
    providers = [{"ai_provider": "anthropic", "instances": 60}, {"ai_provider": "openai", "instances": 40}]
    connected = [
        {"mcp_client": "cursor-vscode", "connections": 30},
        {"mcp_client": "claude-code", "connections": 50},
        {"mcp_client": "claude-code", "connections": 20},
    ]
    assert plain(sentences.clients(providers, connected, 120)) == (
        "**50 %** of instances use `anthropic`, ahead of `openai` with 33 %; "
        "**70 %** of connections come from `claude-code`, ahead of `cursor-vscode` with 30 %."
    )


def test_the_next_steps_have_adoption_kubernetes_and_returning_instances() -> None:
    kubernetes = [
        {"k8s_version": "1.33.4", "instances": 6},
        {"k8s_version": "1.33.1", "instances": 3},
        {"k8s_version": "1.30", "instances": 1},
    ]
    cohorts = [
        {"cohort": "2026-11-02", "week": 0, "instances": 30},
        {"cohort": "2026-11-02", "week": 1, "instances": 12},
        {"cohort": "2026-11-09", "week": 0, "instances": 99},
        {"cohort": "2026-11-09", "week": 1, "instances": 1},
    ]
    worse = [regression("errors", "query", "2.3.0"), regression("errors", "version", "2.2.0")]
    assert plain(sentences.next_steps(("2.3.0", 0.72), kubernetes, cohorts, worse, date(2026, 11, 22))) == (
        "**72 % of the last day's instances** run `2.3.0`, the newest version, in which {bad|`query` got worse}; "
        "Kubernetes `1.33` is the most common with 90 %; **40 %** of new instances come back in the week after."
    )


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ((50, 50), "**50 %** of instances use `a`, and as many use `b`."),
        ((30, 30, 30), "**30 %** of instances use `a`, and as many each use `b` and `c`."),
        ((20, 20, 20, 20), "**20 %** of instances use `a`, and as many each use `b` and 2 others."),
        ((60, 20, 20), "**60 %** of instances use `a`."),
        ((60, 20, 10), "**60 %** of instances use `a`, ahead of `b` with 20 %."),
    ],
)
def test_tied_leaders_are_named_together(counts: tuple[int, ...], sentence: str) -> None:
    providers = [{"ai_provider": name, "instances": n} for name, n in zip("abcd", counts, strict=False)]
    assert plain(sentences.clients(providers, [], 100)) == sentence


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ({"1.34.0": 5, "1.33.1": 5}, "Kubernetes `1.33` and `1.34` are equally common with 50 % each."),
        (
            {"1.9.0": 1, "1.10.0": 1, "1.33.1": 1, "1.30": 0},
            "Kubernetes `1.9`, `1.10` and `1.33` are equally common with",
        ),
        (
            {"1.34.0": 3, "1.33.1": 1, None: 6},
            "Kubernetes `1.34` is the most common with 75 % of instances that report a version.",
        ),
        ({"other": 9, "1.33.1": 1}, "Kubernetes `1.33` is the most common of the known ones with 10 %."),
    ],
)
def test_tied_kubernetes_versions_are_named_together(counts: dict[str | None, int], sentence: str) -> None:
    rows = [{"k8s_version": version, "instances": n} for version, n in counts.items()]
    assert sentence in plain(sentences.next_steps(None, rows, [], [], date(2026, 11, 22)))


def test_without_data_every_page_says_so() -> None:
    found = {
        sentences.overview([], [], 0, 0),
        sentences.tools([], 0, [], None, []),
        sentences.errors([], [], []),
        sentences.clients([], [], 0),
        sentences.next_steps(None, [], [], [], date(2026, 11, 22)),
    }
    assert found == {sentences.NO_EVENTS}


@pytest.mark.parametrize(
    ("ratio", "text"), [(0, "0 %"), (0.0004, "<0.1 %"), (0.042, "4.2 %"), (0.614, "61 %"), (1, "100 %"), (0.03, "3 %")]
)
def test_a_percentage_has_two_digits_at_most(ratio: float, text: str) -> None:
    assert plain(format_percent(ratio)) == text


@given(st.floats(0, 86_400_000))
def test_every_duration_has_a_unit_and_no_exponent(value: float) -> None:
    text = plain(format_milliseconds(value))
    assert "e" not in text
    assert text.split()[1] in {"ms", "s", "min", "h"}


def test_the_most_frequent_event_is_named_with_its_share() -> None:
    rows = [
        {"day": "2026-11-01", "event": "tool_executed", "events": 30},
        {"day": "2026-11-02", "event": "tool_executed", "events": 45},
        {"day": "2026-11-02", "event": "tool_error", "events": 25},
    ]
    text = sentences.events(rows).replace("\u00a0", " ")
    assert text == "**100 events** of 2 kinds; **75 %** are tool calls."
    assert sentences.events(rows[:1]) == "**30 events**, all of them tool calls."
    assert sentences.events([]) == sentences.NO_EVENTS
    of_some = "events of instances that called query in the range"
    text = sentences.events(rows, of_some).replace("\u00a0", " ")
    assert text == "**100 events** of instances that called query in the range, of 2 kinds; **75 %** are tool calls."
    assert sentences.events(rows, "events whose version is 1.13.0").startswith("**100 events** of 2 kinds")


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.374, 0.561, "up 37\u201356 points"),
        (0.028, 0.052, "up 2.8\u20135.2 points"),
        (0.0, 0.018, "up 0.0\u20131.8 points"),
        (-0.018, -0.0003, "down 0.0\u20131.8 points"),
        (-0.561, -0.374, "down 37\u201356 points"),
        (-0.018, 0.0, "down 0.0\u20131.8 points"),
        (-0.009, 0.012, "between 0.9 points down and 1.2 up"),
    ],
)
def test_a_difference_of_shares_is_written_in_one_form(low: float, high: float, text: str) -> None:
    assert plain(format_points(low, high)) == text
