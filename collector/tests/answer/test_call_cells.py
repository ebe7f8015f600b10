"""The cells of tool calls are the oracle's on both engines: by instance, by what calls carry, and by two segments."""

import math
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from collector.tests.store.clickhouse.embedded_engine import embedded_store
from collector.tests.store.fill_store import CATALOGUES, journal_fleet, loader_of, open_store
from footfall_collector.answer import (
    Answers,
    DurationSample,
    Filters,
    Fold,
    Segment,
    active_instances,
    call_source,
    calls_through_instances,
    condition_text,
    counts_by_instance,
    days_of,
    durations_by_instance,
    errors_by_class,
    first_days,
    segment_of,
    through_instances,
    tool_durations_by_instance,
    word_days,
)
from footfall_collector.answer.questions import by_instance
from footfall_collector.store import EventSelection, Store
from footfall_collector.store.duckdb.relations import chart_query
from tests.oracle.fleet import Fleet, FleetEvent
from tests.oracle.questions import AnyQuestion, QuestionTruth, Where
from tests.oracle.world import DAY

pytest.importorskip("chdb", reason="`make engines` installs the embedded ClickHouse")
FLEET = Fleet(20, 12, 5)
START, END = (datetime.fromtimestamp(FLEET.end - days * DAY, UTC) for days in (9, 1))
FILTERS = Filters("dot-ai", START, END)
STATES = ("k8s_version", "deployment_method")


def established_instances(answers: Answers) -> set[int]:
    selection = EventSelection("dot-ai", int(START.timestamp()), int(END.timestamp()))
    return {int(instance) for (instance,) in answers.rows("SELECT instance FROM standing WHERE established", selection)}


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Answers, Answers]]:
    sent = sorted(FLEET.requests(), key=lambda one: one.received)
    homes = [tmp_path_factory.mktemp(name) for name in ("duck", "click")]
    stores: tuple[Store, Store] = (open_store(homes[0]), embedded_store(homes[1]))
    # Half is rolled up, half is not.
    for part in (sent[: len(sent) // 2], sent[len(sent) // 2 :]):
        journal_fleet(homes[0], part)
        shutil.copytree(homes[0] / "journal", homes[1] / "journal", dirs_exist_ok=True)
        for home, store in zip(homes, stores, strict=True):
            loader_of(home, store).run_once()
            if part[-1] is not sent[-1]:
                loader_of(home, store).checkpoint()
    yield Answers(stores[0], CATALOGUES), Answers(stores[1], CATALOGUES)
    for store in stores:
        store.close()


def test_of_millions_of_durations_a_comparison_reads_those_of_some_days(
    engines: tuple[Answers, Answers], monkeypatch: pytest.MonkeyPatch
) -> None:
    start, end = (int(at.timestamp()) for at in (START, END))
    events = {event.uuid: event for event in FLEET.events() if event.event == "tool_executed"}.values()
    wanted = [event for event in events if start <= event.at < end and not event.properties.get("is_internal")]
    monkeypatch.setattr(by_instance, "MAX_READ_FOR_A_SIDE", len(wanted) // 2 + 1)
    # Of every second day, the last one among them.
    read = Counter(event.properties["duration_ms"] for event in wanted if (end - 1 - event.at) // DAY % 2 == 0)
    for answers in engines:
        found: Counter[float] = Counter()
        for _, value, calls in durations_by_instance(answers, FILTERS, Segment(), 1):
            found[value] += calls
        assert found == read
    assert 0 < read.total() < len(wanted)


@pytest.mark.parametrize(
    ("where", "side"),
    [((), ()), ((Where("deployment_method", False, ("helm",)),), (Where("tool", True, ("query", "describe")),))],
    ids=["all", "through instances"],
)
def test_the_cells_are_the_oracles(
    engines: tuple[Answers, Answers], where: tuple[Where, ...], side: tuple[Where, ...]
) -> None:
    start, end = (int(at.timestamp()) for at in (FILTERS.start, FILTERS.end))
    expected = QuestionTruth(FLEET.events()).call_cells(AnyQuestion(start, end, where=where), side)
    of_side, of_all = ([condition_text(one.name, one.negated, one.values) for one in each] for each in (side, where))
    first = days_of(FILTERS)[0]
    for answers in engines:
        sides = (segment_of(answers, FILTERS, of_side, "tool_executed"), Segment())
        source = call_source(answers, FILTERS, of_all, sides)
        values = {name: {value for value, _ in listed} for name, listed in source.overview().totals.items()}
        fold = Fold(set(answers.versions("dot-ai")), values, first)
        states = [{(one, day): value for one, day, value in source.states(name, 1)} for name in STATES]
        cells: defaultdict[int, set[tuple[Any, ...]]] = defaultdict(set)
        for *key, instance, bits, calls, errors in source.cells(fold):
            of_day = [state.get((instance, key[0]), "") for state in states]
            cells[instance].add((*key, bits == 3, *of_day, calls, errors))
        assert Counter(map(frozenset, cells.values())) == Counter(map(frozenset, expected.values()))
        calls = sum(row[-2] for rows in expected.values() for row in rows)
        assert sum(row[3] for row in source.by_day()) == calls > 100
        assert source.overview().size >= sum(map(len, expected.values()))
        # A fold adds up to the same, and a sample has whole instances only.
        folded = source.cells(Fold((), dict.fromkeys(values, ()), first + 3, 7))
        assert sum(row[-2] for row in folded) == calls
        assert {row[0] % 7 for row in folded} == {(first + 3) % 7}
        sampled = source.cells(replace(fold, one_in=3))
        assert {row[-4] for row in sampled} == {instance for instance in cells if instance % 3 == 0}
        assert len(sampled) == sum(len(cells[instance]) for instance in cells if instance % 3 == 0)


def test_the_durations_of_cells_are_the_oracles(engines: tuple[Answers, Answers]) -> None:
    start, end = (int(at.timestamp()) for at in (START, END))
    events = {event.uuid: event for event in FLEET.events() if event.event == "tool_executed"}.values()
    wanted = [event for event in events if start <= event.at < end and not event.properties.get("is_internal")]

    def key(event: FleetEvent) -> tuple[Any, ...]:
        tool, value = event.properties["tool"], event.properties["duration_ms"]
        return event.at // DAY, tool, float(value), 1 if tool == "query" else 2

    for answers in engines:
        sides = [segment_of(answers, FILTERS, [f"tool:{word}:query"], "tool_executed") for word in ("is", "is_not")]
        source = call_source(answers, FILTERS, (), sides)
        values = {name: {value for value, _ in listed} for name, listed in source.overview().totals.items()}
        fold = Fold(set(answers.versions("dot-ai")), values, days_of(FILTERS)[0])
        for sample, chosen in (
            (DurationSample(), wanted),
            (DurationSample(1, 2), [event for event in wanted if (end - 1 - event.at) // DAY % 2 == 0]),
        ):
            rows = replace(source, sample=sample).cells(fold)
            found: Counter[tuple[Any, ...]] = Counter()
            for day, _, tool, _, _, _, value, bits, calls, _ in rows:
                found[day, tool, float(value), bits] += calls
            assert found == Counter(map(key, chosen))
        sampled = replace(source, sample=DurationSample(3)).cells(fold)
        assert {row[5] % 3 for row in sampled} == {0}


def test_the_days_of_an_instance_s_words_are_the_oracles(engines: tuple[Answers, Answers]) -> None:
    start, end = (int(at.timestamp()) for at in (START, END))
    days: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for event in FLEET.events():
        counts = start <= event.at < end and not event.properties.get("is_internal")
        if counts and event.event == "client_connected" and not event.instance.startswith("ephemeral"):
            days[event.instance, str(event.properties.get("transport") or "")].add(event.at // DAY)
    expected = Counter((value, len(found)) for (_, value), found in days.items())
    assert len(expected) > 3
    for answers in engines:
        rows = word_days(answers, FILTERS, "client_connected", "transport", established=False)
        assert Counter((value, number) for _, value, number in rows) == expected
        known = established_instances(answers)
        of_known = word_days(answers, FILTERS, "client_connected", "transport", established=True)
        assert sorted(of_known) == sorted(row for row in rows if row[0] in known)


@pytest.mark.parametrize("one_day_in", [1, 7])
def test_the_parts_of_a_source_are_read_to_the_second_or_as_whole_days(
    engines: tuple[Answers, Answers], one_day_in: int
) -> None:
    hours = Filters("dot-ai", END - timedelta(hours=31), END - timedelta(hours=9))
    before = replace(hours.of_whole_days, start=START.replace(hour=0), end=hours.of_whole_days.end - timedelta(days=7))
    spans = [(int(each.start.timestamp()), int(each.end.timestamp())) for each in (hours, before)]
    events = {event.uuid: event for event in FLEET.events() if event.event == "tool_executed"}.values()
    of_parts = [
        [event for event in events if start <= event.at < end and not event.properties.get("is_internal")]
        for start, end in spans
    ]
    # The days of a sample go from the last one; of hours, all are read.
    sampled = [event for event in of_parts[1] if (spans[1][1] - 1 - event.at) // DAY % one_day_in == 0]
    for answers in engines:
        source = replace(call_source(answers, replace(hours, start=before.start)), periods=(hours, before))
        values = {name: {value for value, _ in listed} for name, listed in source.overview().totals.items()}
        fold = Fold(set(answers.versions("dot-ai")), values, days_of(hours)[0])
        for chosen, read in (
            (source, [*of_parts[0], *of_parts[1]]),
            (replace(source, sample=DurationSample(1, one_day_in)), [*of_parts[0], *sampled]),
        ):
            found: Counter[tuple[int, str]] = Counter()
            for day, _, tool, *_, calls, _ in chosen.cells(fold):
                found[day, tool] += calls
            assert found == Counter((event.at // DAY, event.properties["tool"]) for event in read)
        assert all(of_parts)


def test_errors_of_a_client_are_those_of_instances_that_used_it(engines: tuple[Answers, Answers]) -> None:
    start, end = (int(at.timestamp()) for at in (START, END))
    events = [each for each in {event.uuid: event for event in FLEET.events()}.values() if start <= each.at < end]
    external = [event for event in events if not event.properties.get("is_internal")]
    calls = [event for event in external if event.event == "tool_executed"]
    client, _ = Counter(event.properties["mcp_client"] for event in calls).most_common(2)[1]
    users = {event.instance for event in calls if event.properties["mcp_client"] == client}
    errors = Counter(
        (event.at // DAY, event.properties["error_type"])
        for event in external
        if event.event == "tool_error" and event.instance in users and event.properties["tool"] != "version"
    )
    called = Counter(
        event.at // DAY for event in calls if event.instance in users and event.properties["tool"] != "version"
    )
    assert errors
    for answers in engines:
        source = call_source(answers, FILTERS, [f"mcp_client:is:{client}", "tool:is_not:version"])
        found: Counter[tuple[int, str]] = Counter()
        for day, _, name, number in errors_by_class(source, 1):
            found[day, name] += number
        assert found == errors
        counted: Counter[int] = Counter()
        for day, _, number in calls_through_instances(source, 1):
            counted[day] += number
        assert counted == called
        assert len(counted) > 1
        used = f"of instances that used {client} in the range"
        assert through_instances(source) == f"errors whose tool is not version {used}"
        assert through_instances(call_source(answers, FILTERS, ["tool:is:query"])) == ""


def test_what_instances_did_is_the_same_on_both_engines(engines: tuple[Answers, Answers]) -> None:
    read = [
        (
            counts_by_instance(answers, FILTERS, Segment()),
            counts_by_instance(answers, FILTERS, Segment(), lasting_only=True),
            sorted(durations_by_instance(answers, FILTERS, Segment(), 1)),
            first_days(answers, FILTERS),
            active_instances(answers, FILTERS),
            established_instances(answers),
            answers.event_days(FILTERS),
        )
        for answers in engines
    ]
    assert read[0] == read[1]
    assert all(map(len, read[0]))


def test_durations_of_tools_are_the_oracles_with_their_instances(engines: tuple[Answers, Answers]) -> None:
    start, end = (int(at.timestamp()) for at in (START, END))
    names = ("product_version", "mcp_client", "ai_provider", "duration_ms")
    events = {event.uuid: event for event in FLEET.events() if event.event == "tool_executed"}.values()
    wanted = [event for event in events if start <= event.at < end and not event.properties.get("is_internal")]
    versions = {event.properties.get("product_version") or "" for event in wanted}
    expected: defaultdict[str, Counter[tuple[Any, ...]]] = defaultdict(Counter)
    for event in wanted:
        if event.properties["tool"] == "query":
            expected[event.instance][event.at // DAY, *(event.properties.get(name) or "" for name in names)] += 1
    read = []
    for answers in engines:
        rows = tool_durations_by_instance(answers, FILTERS, {"query"}, versions, established=False)
        found: defaultdict[int, Counter[tuple[Any, ...]]] = defaultdict(Counter)
        for tool, day, version, client, provider, instance, value, calls in rows:
            assert tool == "query"
            found[instance][day, version, client, provider, value] += calls
        assert sorted(map(str, map(sorted, map(Counter.items, found.values())))) == sorted(
            map(str, map(sorted, map(Counter.items, expected.values())))
        )
        standing = established_instances(answers)
        only = tool_durations_by_instance(answers, FILTERS, {"query"}, versions, established=True)
        assert {row[5] for row in only} == {*found} & standing
        read.append(sorted(rows))
    assert read[0] == read[1]
    assert len(read[0]) > 20


@pytest.mark.parametrize(("branches", "internal"), [(24, "hide"), (0, "all")], ids=["each day by itself", "by day"])
def test_of_many_durations_some_days_and_instances_are_read(
    engines: tuple[Answers, Answers], monkeypatch: pytest.MonkeyPatch, branches: int, internal: str
) -> None:
    monkeypatch.setattr(chart_query, "MAX_BRANCHES", branches)
    filters = replace(FILTERS, internal=internal)
    versions = [str(version or "") for version, *_ in engines[0].releases(FILTERS).rows]

    def read() -> list[list[tuple[Any, ...]]]:
        tools = {"query", "recommend"}
        return [
            sorted(tool_durations_by_instance(answers, filters, tools, versions, established=False))
            for answers in engines
        ]

    every, _ = read()
    last = (int(END.timestamp()) - 1) // DAY
    calls = sum(number for *_, number in every)
    monkeypatch.setattr(by_instance, "MAX_READ", calls)
    monkeypatch.setattr(by_instance, "MAX_SAMPLES", calls // 6)
    some = read()
    assert some[0] == some[1]
    # Whole days of whole instances, equally far from each other.
    days, instances = {row[1] for row in some[0]}, {row[5] for row in some[0]}
    assert math.gcd(*(last - day for day in days)) > 1
    assert some[0] == [row for row in every if row[1] in days and row[5] in instances]
    assert 1 < len(instances) < len({row[5] for row in every})
