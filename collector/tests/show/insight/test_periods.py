"""A change is shown only where events were counted in all of the earlier period."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from collector.tests.store.fill_store import CATALOGUES, admitted, journal, loader_of, open_store
from footfall_collector.answer import Answers, Filters
from footfall_collector.show.explain import compare
from footfall_collector.show.insight import compared_period, earlier_period, ended_part, page_tiles
from footfall_collector.show.pages.page_head import ChartPageHead, chart_page_head
from footfall_collector.show.report import Report, build_report

NOW = datetime(2026, 11, 24, tzinfo=UTC)
Opened = Callable[[dict[int, int]], Answers]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    stores = []

    def with_calls(calls: dict[int, int]) -> Answers:
        """Days before `NOW` to the calls of that day."""
        journal(tmp_path, [lines(NOW - timedelta(days=back, hours=-9), number) for back, number in calls.items()])
        store = open_store(tmp_path)
        stores.append(store)
        loader_of(tmp_path, store).run_once()
        return Answers(store, CATALOGUES)

    yield with_calls
    for store in stores:
        store.close()


def lines(at: datetime, number: int) -> bytes:
    properties = {
        "tool": "query",
        "success": True,
        "duration_ms": 12,
        "mcp_client": "cursor",
        "dot_ai_version": "1.12.0",
    }
    events = [
        {
            "event": "tool_executed",
            "uuid": str(uuid4()),
            "distinct_id": "cluster_00000000000000aa",
            "timestamp": at.isoformat(),
            "properties": properties,
        }
        for _ in range(number)
    ]
    return admitted(events, int(at.timestamp()), int(at.timestamp()))


def of_tool(report: Report, column: str) -> object:
    """A cell of the row of the tool `query`."""
    [table] = report.sections[0].tables
    return table.rows[0][[each.name for each in table.columns].index(column)]


def week(days: int = 7) -> Filters:
    return Filters("dot-ai", NOW - timedelta(days=days), NOW, internal="all")


def shown(answers: Answers, filters: Filters) -> tuple[list[object], str]:
    """What tiles compare with, and the sentence of the overview."""
    head = chart_page_head("overview", answers, filters, NOW)
    assert isinstance(head, ChartPageHead)
    assert head.period.before_counts is (earlier_period(answers, filters) is not None)
    return [tile.before for tile in page_tiles(answers, filters, NOW)], head.answer


@pytest.mark.parametrize(
    "calls",
    [{1: 300, 8: 30}, {1: 300, 8: 30, 60: 1}, {**dict.fromkeys(range(1, 8), 40), 8: 40, 14: 1, 13: 1, 400: 1}],
    ids=["counting began within it", "a clock was wrong", "hardly any of its days"],
)
def test_without_a_full_earlier_period_no_change_is_shown(opened: Opened, calls: dict[int, int]) -> None:
    answers = opened(calls)
    before, sentence = shown(answers, week())
    assert set(before) == {None}
    assert "more than" not in sentence
    assert not compared_period(answers, week(), NOW).before_counts


def test_with_a_full_earlier_period_the_change_is_shown(opened: Opened) -> None:
    answers = opened({**dict.fromkeys(range(1, 8), 60), **dict.fromkeys(range(8, 15), 40)})
    before, sentence = shown(answers, week())
    assert before[0] == 280
    assert "50" in sentence
    assert "more than in the previous period" in sentence


def test_the_present_day_is_not_compared_with_a_whole_one(opened: Opened) -> None:
    answers = opened({0: 1, **dict.fromkeys(range(1, 14), 40)})
    now = NOW + timedelta(hours=9, minutes=5)
    filters = Filters("dot-ai", NOW - timedelta(days=6), NOW + timedelta(days=1), internal="all")
    calls = page_tiles(answers, filters, now)[0]
    assert (calls.value, calls.ended, calls.before) == (241, 240, 240)
    assert "about as many as in the previous period" in chart_page_head("overview", answers, filters, now).answer
    report = build_report(answers, filters, now)
    assert (of_tool(report, "Calls"), of_tool(report, "Change")) == (241, 0.0)
    period, compared = compared_period(answers, filters, now), compare(answers, filters, ([], []), now)
    assert compared.b is not None
    assert (period.compared_end, period.before_compared_end) == (compared.a.end, compared.b.end)
    assert (period.start, period.before_start) == (compared.a.start, compared.b.start)


@pytest.mark.parametrize(
    ("start", "end", "ended"),
    [(-48, 0, 0), (-72, 24, 0), (0, 24, 9.5), (9, 11, 9.5), (9.75, 11, None), (24, 168, None)],
    ids=["days that are over", "the present day", "only the present day", "the present hours", "later", "to come"],
)
def test_only_the_part_that_is_over_is_compared(start: float, end: float, ended: float | None) -> None:
    first, last = (NOW + timedelta(hours=each) for each in (start, end))
    part = ended_part(Filters("dot-ai", first, last), NOW + timedelta(hours=9.5))
    assert (part and (part.start, part.end)) == (None if ended is None else (first, NOW + timedelta(hours=ended)))
