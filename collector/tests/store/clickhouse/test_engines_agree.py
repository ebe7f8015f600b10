"""Every chart and every question of the pages has the same answer from ClickHouse as from DuckDB.

ClickHouse is a current release, embedded in the test's process. Both engines load the same journal in equal portions.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import pytest

from collector.tests.answer.chart_rows import equal
from collector.tests.store.clickhouse.embedded_engine import embedded_store
from collector.tests.store.fill_store import CATALOGUES, journal_fleet, loader_of, open_store
from footfall_collector.answer import Answers, Cell, Chart, Filters, ask, parse_question
from footfall_collector.answer.behaviour import BEHAVIOUR
from footfall_collector.answer.charts import CHARTS
from footfall_collector.store import EventSelection, Store
from tests.oracle.fleet import Fleet

pytest.importorskip("chdb", reason="`make engines` installs the embedded ClickHouse")
pytestmark = pytest.mark.timeout(300)

EVERYTHING = EventSelection("dot-ai", 0, 4_000_000_000)
END = 1_795_534_217  # 2026-11-24T15:30:17Z, in the middle of a week, a day and an hour
FLEETS = (Fleet(30, 75, 1, END),)
QUERIES: tuple[dict[str, str], ...] = (
    {"range": "30d"},
    {"range": "90d", "internal": "all"},
    {"range": "24h", "internal": "all"},
    {"range": "1h", "internal": "all"},
    {"start": "2026-11-23T10:00:00Z", "end": "2026-11-23T13:00:01Z", "internal": "all"},
    {"range": "7d", "internal": "only"},
    {"range": "all", "internal": "all"},
    {"range": "90d", "version": "1.12.0", "provider": "openai"},
    {"range": "90d", "tool": "other", "error_type": "ToolError"},
    {"range": "90d", "mcp_client": "claude-code", "transport": "stdio", "deployment_method": "helm"},
    {"start": "2026-10-03", "end": "2026-10-29"},
    {"start": "2026-11-01", "end": "2026-11-01"},
    {"range": "90d", "version": "it's \\ a version that nobody has"},
)
ASKED: dict[str, Callable[[Answers, Filters], Chart]] = {
    **{spec.id: lambda answers, filters, name=spec.id: answers.chart(name, filters) for spec in (*CHARTS, *BEHAVIOUR)},  # type: ignore[misc]
    "summary": Answers.summary,
    "trend": Answers.trend,
    "releases": Answers.releases,
    "release-tools": Answers.release_tools,
    "release-durations": Answers.release_durations,
    "release-errors": Answers.release_errors,
    "standings": Answers.standings,
    "public": lambda answers, filters: answers.public(filters, established=False),
    "public of established": lambda answers, filters: answers.public(filters, established=True),
}
ORDERED = set(ASKED) - {"releases", "public", "public of established"}
"""The questions whose rows have a total order; in the others, rows with equal keys may be in any order."""


@dataclass(frozen=True)
class Pair:
    """One fleet in both engines."""

    duck: Answers
    click: Answers
    stores: tuple[Store, Store]


@pytest.fixture(scope="module", params=range(len(FLEETS)), ids=lambda n: f"seed {FLEETS[n].seed}")
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    sent = sorted(FLEETS[request.param].requests(), key=lambda one: one.received)
    third = len(sent) // 3
    homes = [tmp_path_factory.mktemp(name) for name in ("duck", "click")]
    stores: tuple[Store, Store] = (open_store(homes[0]), embedded_store(homes[1]))
    loaders = [loader_of(home, store) for home, store in zip(homes, stores, strict=True)]
    # A third is in one batch of the roll-ups, a third in a second one, and a third in none yet.
    for part in (sent[:third], sent[third : 2 * third], sent[2 * third :]):
        journal_fleet(homes[0], part)
        shutil.copytree(homes[0] / "journal", homes[1] / "journal", dirs_exist_ok=True)
        for loader in loaders:
            loader.run_once()
            if part[-1] is not sent[-1]:
                loader.checkpoint()
    yield Pair(Answers(stores[0], CATALOGUES), Answers(stores[1], CATALOGUES), stores)
    for store in stores:
        store.close()


def filters_of(query: dict[str, str]) -> Filters:
    return Filters.parse({"product": "dot-ai", **query}, datetime.fromtimestamp(END, UTC), CATALOGUES)


def has_no_noise(value: Cell) -> bool:
    assert isinstance(value, int | float)
    return value == round(value, 4)


def check(pair: Pair, query: dict[str, str]) -> int:
    rows = 0
    for name, asked in ASKED.items():
        duck, click = asked(pair.duck, filters_of(query)), asked(pair.click, filters_of(query))
        one, other = duck.rows, click.rows
        if name not in ORDERED:
            one, other = sorted(one, key=repr), sorted(other, key=repr)
        assert equal(one, other), (name, query, one[:5], other[:5])
        assert [[type(cell) for cell in row] for row in one] == [[type(cell) for cell in row] for row in other], name
        assert click.hidden_internal == duck.hidden_internal
        rows += len(one)
    return rows


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: " ".join(f"{k}={v}" for k, v in query.items()))
def test_every_question_has_the_same_answer(pair: Pair, query: dict[str, str]) -> None:
    rows = check(pair, query)
    assert rows > 2 or "nobody" in query.get("version", "") or query["range"] == "1h"


@pytest.mark.parametrize(
    "query",
    [*QUERIES[:2], {"range": "90d", "tool": "other", "version": "other"}, {"range": "24h", "mcp_client": "other"}],
    ids=str,
)
def test_charts_that_show_two_values_and_other_have_the_same_answer(pair: Pair, query: dict[str, str]) -> None:
    duckdb, clickhouse = (Answers(store, CATALOGUES, max_values=2) for store in pair.stores)
    few = Pair(duckdb, clickhouse, pair.stores)
    duck, click = (answers.value_caps.of_product("dot-ai") for answers in (duckdb, clickhouse))
    assert duck == click
    assert {"tool", "error_type", "product_version"} <= duck.kept.keys()
    assert check(few, query) > 2


def test_percentiles_have_no_more_digits_than_the_data_from_either_engine(pair: Pair) -> None:
    chosen, amounts = filters_of({"range": "90d", "internal": "all"}), 0
    for measure in ("median", "p95", "p99"):
        texts = {"event": "tool_executed", "measure": measure, "of": "duration_ms", "by": "tool", "step": "day"}
        question = parse_question(texts, (), chosen, CATALOGUES["dot-ai"])
        duck, click = (ask(answers, question, chosen).rows for answers in (pair.duck, pair.click))
        assert duck == click
        assert all(has_no_noise(row[2]) for row in duck)
    for name in ("tool-duration", "uptime", "summary", "trend"):
        one, other = ASKED[name](pair.duck, chosen), ASKED[name](pair.click, chosen)
        columns = [index for index, column in enumerate(one.columns) if column.startswith("p")]
        values = [[[row[index] for index in columns] for row in chart.rows] for chart in (one, other)]
        assert values[0] == values[1]
        found = [value for row in values[0] for value in row if value is not None]
        assert all(map(has_no_noise, found)), name
        amounts += len(found)
    assert amounts > 50


def test_the_counts_of_values_that_are_other_are_the_same(pair: Pair) -> None:
    counts = pair.duck.other_counts("dot-ai")
    assert "tool" in {count.property for count in counts}
    assert pair.click.other_counts("dot-ai") == counts


def test_the_filters_offer_the_same(pair: Pair) -> None:
    assert pair.click.versions("dot-ai") == pair.duck.versions("dot-ai") != []
    assert pair.click.providers("dot-ai") == pair.duck.providers("dot-ai") != []
    assert pair.click.versions("other-product") == []


def test_it_stays_equal_once_everything_is_rolled_up_rebuilt_forgotten_and_cut(pair: Pair) -> None:
    [instance] = pair.stores[0].query("SELECT printf('%016x', max(instance)) FROM presence", EVERYTHING)[0]
    work: tuple[Callable[[Store], object], ...] = (
        lambda store: store.roll_up(),
        lambda store: store.rebuild(),
        lambda store: store.forget(instance),
        lambda store: store.months.remove(list(store.months.counts())[:1], END),
        lambda store: store.months.restore(store.months.trash()[0].month),
    )
    for step in work:
        duck, click = (
            (step(store), store.months.counts(), store.months.trash(), store.months.newest_event())
            for store in pair.stores
        )
        assert duck == click
        check(pair, QUERIES[1])


def test_every_question_has_a_file_for_each_engine() -> None:
    folders = resources.files("footfall_collector.answer").joinpath("sql").iterdir()
    files = {Path(str(file)).name for folder in folders for file in folder.iterdir()}
    names = [
        {name.removesuffix(f".{engine}.sql") for name in files if name.endswith(f".{engine}.sql")}
        for engine in ("duckdb", "clickhouse")
    ]
    assert names[0] == names[1] >= set(ASKED) - {"public of established"}
