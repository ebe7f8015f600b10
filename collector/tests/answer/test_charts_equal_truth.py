"""Over a generated fleet, every chart equals its true answer in the oracle, under every range and filter."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from collector.tests.answer.chart_rows import equal
from collector.tests.store.fill_store import CATALOGUES, journal_fleet, loader_of, open_store
from footfall_collector.answer import Answers, ChartSpec, Filters
from footfall_collector.store.duckdb.store import DuckStore
from tests.oracle.fleet import Fleet
from tests.oracle.matching import OracleQuery
from tests.oracle.truth import Truth
from tests.oracle.world import DAY, HOUR

END = 1_795_534_217  # 2026-11-24T15:30:17Z, in the middle of a week, a day and an hour
FLEETS = (Fleet(90, 90, 1, END), Fleet(50, 90, 2, END), Fleet(130, 20, 3, END))
NAMES = {"version": "product_version", "provider": "ai_provider"}
QUERIES: tuple[dict[str, str], ...] = (
    {"range": "30d"},
    {"range": "90d"},
    {"range": "24h"},
    {"range": "1h", "internal": "all"},
    {"start": "2026-11-23T10:00:00Z", "end": "2026-11-23T13:00:01Z", "internal": "all"},
    {"start": "2026-11-23T10:00:00Z", "end": "2026-11-23T13:00:00Z", "internal": "all"},
    {"range": "7d", "internal": "only"},
    {"range": "all", "internal": "all"},
    {"range": "24h", "internal": "all"},
    {"range": "90d", "version": "1.12.0"},
    {"range": "90d", "provider": "openai", "internal": "all"},
    {"range": "30d", "version": "2.0.0", "provider": "anthropic"},
    {"range": "90d", "tool": "remediate"},
    {"range": "90d", "tool": "other", "error_type": "ToolError"},
    {"range": "90d", "mcp_client": "claude-code", "transport": "stdio"},
    {"range": "90d", "mcp_client": "other"},
    {"range": "90d", "deployment_method": "helm", "internal": "all"},
    {"start": "2026-10-03", "end": "2026-10-29"},
    {"start": "2026-11-01", "end": "2026-11-01"},
    {"start": "2026-10-31T21:15:09Z", "end": "2026-11-02T08:00:00+01:00", "internal": "all"},
    {"range": "90d", "version": "9.9.9"},
    {"range": "90d", "k8s_version": "1.29", "error_type": "ToolError"},
    {"range": "24h", "deployment_method": "helm", "tool": "remediate", "internal": "all"},
)


@dataclass(frozen=True)
class Case:
    """A fleet in a DuckDB store, and its true answers."""

    answers: Answers
    truth: Truth
    store: DuckStore
    days: int


@pytest.fixture(scope="module", params=range(len(FLEETS)), ids=lambda n: f"seed {FLEETS[n].seed}")
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    fleet, data = FLEETS[request.param], tmp_path_factory.mktemp("fleet")
    sent = sorted(fleet.requests(), key=lambda one: one.received)
    third = len(sent) // 3
    store = open_store(data)
    loader = loader_of(data, store)
    # One third is rolled up, the second is added to the roll-ups, the last is not rolled up yet.
    for part in (sent[:third], sent[third : 2 * third], sent[2 * third :]):
        journal_fleet(data, part)
        loader.run_once()
        if part[-1] is not sent[-1]:
            loader.checkpoint()
    assert store.unrolled_loads > 0
    yield Case(Answers(store, CATALOGUES), Truth(fleet.events()), store, fleet.days)
    store.close()


def filters_of(query: dict[str, str]) -> Filters:
    return Filters.parse({"product": "dot-ai", **query}, datetime.fromtimestamp(END, UTC), CATALOGUES)


def oracle_query_of(spec: ChartSpec, query: dict[str, str]) -> OracleQuery:
    """The query in the oracle's terms, without the filters that the chart can't obey."""
    start, end = range_of(query)
    if spec.daily:
        start, end = start // DAY * DAY, -(-end // DAY) * DAY
    named = {
        NAMES.get(key, key): value for key, value in query.items() if key not in ("range", "start", "end", "internal")
    }
    filters = {name: value for name, value in named.items() if name not in spec.unfiltered}
    bucket = DAY if end - start > 2 * DAY else HOUR if end - start > 3 * HOUR else 60
    return OracleQuery(start, end, query.get("internal", "hide"), bucket, filters, by_instance=spec.by_instance)


def range_of(query: dict[str, str]) -> tuple[int, int]:
    """Epoch seconds: hours up to now to the second, whole days with today, or the moments in the query."""
    if "start" in query:
        return moments(query)
    if query["range"] in ("1h", "24h"):
        return END + 1 - int(query["range"][:-1]) * HOUR, END + 1
    days = {"7d": 7, "30d": 30, "90d": 90, "all": 2000}[query["range"]]
    return (END // DAY + 1 - days) * DAY, (END // DAY + 1) * DAY


def moments(query: dict[str, str]) -> tuple[int, int]:
    """Epoch seconds of `start` and `end`; a day as `end` is included."""
    start, end = (datetime.fromisoformat(query[key]) for key in ("start", "end"))
    whole = DAY if len(query["end"]) == 10 else 0
    return (
        int((start if start.tzinfo else start.replace(tzinfo=UTC)).timestamp()),
        int((end if end.tzinfo else end.replace(tzinfo=UTC)).timestamp()) + whole,
    )


def check(case: Case, query: dict[str, str]) -> int:
    """Compare all charts; returns the number of their rows, of those that a version restricts."""
    rows = 0
    for spec in case.answers.charts():
        chart, oracle_query = case.answers.chart(spec.id, filters_of(query)), oracle_query_of(spec, query)
        expected = case.truth.chart(spec.id, oracle_query)
        assert equal(chart.rows, expected), (
            f"The chart `{spec.id}` differs from its true answer in tests/oracle under {query}: "
            f"{len(chart.rows)} rows {chart.rows[:5]}, expected {len(expected)} rows {expected[:5]}"
        )
        hidden = case.truth.hidden_internal(oracle_query) if oracle_query.internal == "hide" else 0
        assert chart.hidden_internal == hidden, (spec.id, query)
        rows += len(chart.rows) if "version" not in chart.not_applied else 0
    return rows


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: " ".join(f"{k}={v}" for k, v in query.items()))
def test_every_chart_equals_its_true_answer(case: Case, query: dict[str, str]) -> None:
    rows = check(case, query)
    # The shortest fleet and the shortest range may have no events; an unknown version must have none.
    may_be_empty = case.days < 30 or query.get("range") == "1h"
    assert rows == 0 if query.get("version") == "9.9.9" else rows > 0 or may_be_empty


def test_every_chart_stays_equal_once_everything_is_rolled_up(case: Case) -> None:
    case.store.roll_up()
    assert case.store.unrolled_loads == 0
    for query in QUERIES[::4]:
        check(case, query)
