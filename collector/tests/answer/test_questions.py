"""Any question has the same answer from both engines, and it is the oracle's: measure, property, segment and range."""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.tests.answer.drawn_questions import (
    CARRIERS,
    CATALOGUES,
    END,
    OWN,
    RANGES,
    Asked,
    check,
    check_chart,
    questions,
    range_of,
)
from collector.tests.store.clickhouse.embedded_engine import ADDRESS, Embedded, close_all
from collector.tests.store.fill_store import PEPPER, journal, loader_of
from footfall_collector.admit import Admission
from footfall_collector.answer import Answers, Filters, ask, condition_text, parse_question
from footfall_collector.answer.questions.compiler import compile_question
from footfall_collector.answer.questions.dialects import DIALECTS
from footfall_collector.store import EventSelection, Store
from footfall_collector.store.chart_query import raw_span
from footfall_collector.store.clickhouse import ClickHouseStore
from footfall_collector.store.clickhouse.address import parse_address
from footfall_collector.store.duckdb.store import DuckStore
from tests.oracle import own_product
from tests.oracle.fleet import Fleet, FleetEvent, FleetRequest
from tests.oracle.matching import all_kept_values, kept_values
from tests.oracle.questions import CARRIED, STANDING, AnyQuestion, QuestionTruth, Where
from tests.oracle.standing import TrueStanding, true_standings
from tests.oracle.truth import Truth

pytest.importorskip("chdb", reason="`make engines` installs the embedded ClickHouse")
SOAK = bool(os.environ.get("SOAK"))
EXAMPLES, CHARTS = (4000, 400) if SOAK else (25, 12)
pytestmark = pytest.mark.timeout(7200 if SOAK else 300)


def lines(product: str, requests: Sequence[FleetRequest]) -> Iterator[bytes]:
    admission = Admission(CATALOGUES, PEPPER)
    for request in requests:
        raw = [msgspec.Raw(msgspec.json.encode(event)) for event in request.wire_events()]
        result = admission.admit(product, raw, float(request.received), request.sent_at)
        assert result.refused == {}
        yield result.lines


def with_standing(events: Iterable[FleetEvent], standings: Mapping[str, TrueStanding]) -> list[FleetEvent]:
    """Each event with what its instance is."""
    known = {name for name, standing in standings.items() if standing.established}
    return [
        replace(event, properties={**event.properties, STANDING: "established" if event.instance in known else "new"})
        for event in events
    ]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    fleets = {"dot-ai": Fleet(25, 40, 5, END), OWN: Fleet(20, 30, 6, END, product=OWN)}
    homes = [tmp_path_factory.mktemp(name) for name in ("duck", "click")]
    duck = DuckStore(homes[0], CATALOGUES, memory_limit="512MB", threads=2)
    click = ClickHouseStore(
        homes[1], CATALOGUES, parse_address(ADDRESS), connect=lambda _: Embedded(homes[1] / "engine")
    )
    requests = {product: sorted(fleet.requests(), key=lambda one: one.received) for product, fleet in fleets.items()}
    requests[OWN] = [own_product.with_own_events(request) for request in requests[OWN]]
    # A third is rolled up at once, the second is added to that, and the last is not rolled up yet.
    for part in range(3):
        for product, sent in requests.items():
            third = len(sent) // 3 + 1
            journal(homes[0], lines(product, sent[part * third : (part + 1) * third]))
        shutil.copytree(homes[0] / "journal", homes[1] / "journal", dirs_exist_ok=True)
        stores: tuple[Store, Store] = (duck, click)
        for home, store in zip(homes, stores, strict=True):
            loader = loader_of(home, store)
            loader.run_once()
            if part < 2:
                loader.checkpoint()
    events = {product: list(fleet.events()) for product, fleet in fleets.items()}
    events[OWN] = list(own_product.all_events(events[OWN]))
    events = {product: with_standing(listed, true_standings(requests[product])) for product, listed in events.items()}
    truths = {product: QuestionTruth(events[product], CARRIERS[product]) for product in fleets}
    charts = {product: Truth(events[product], CARRIERS[product]) for product in fleets}
    yield Asked((duck, click), (Answers(duck, CATALOGUES), Answers(click, CATALOGUES)), events, truths, charts)
    duck.close()
    click.close()
    close_all()


def test_any_question_has_the_oracles_answer_from_both_engines(asked: Asked) -> None:
    answered = 0

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=not SOAK)
    @given(st.data())
    def try_one(data: st.DataObject) -> None:
        nonlocal answered
        answered += bool(check(asked, *data.draw(questions(asked))))

    try_one()
    assert answered > EXAMPLES // 3


@pytest.mark.parametrize(
    ("measure", "event", "of"),
    [("events", None, None), ("rate", "tool_executed", "success"), ("instances", None, None)],
)
def test_minutes_are_minutes_in_a_range_of_a_day(asked: Asked, measure: str, event: str | None, of: str | None) -> None:
    start, end, exact = range_of(RANGES[-3])
    question = AnyQuestion(start, end, measure, event, of, step="minute", internal="all", exact=exact)
    rows = check(asked, "dot-ai", RANGES[-3], question)
    assert len({row[0][14:16] for row in rows}) > 5


CLAUDE, CURSOR = (Where("mcp_client", False, (name,)) for name in ("claude-code", "cursor-vscode"))
OTHER_TOOLS = Where("tool", True, ("query",))


@pytest.mark.parametrize("by", ["mcp_client", "tool", "duration_ms", ""])
@pytest.mark.parametrize(
    "where", [(), (CLAUDE,), (replace(CURSOR, negated=True), OTHER_TOOLS)], ids=["all", "one", "not"]
)
def test_durations_by_client_are_the_oracles_and_read_no_raw_events(
    asked: Asked, by: str, where: tuple[Where, ...]
) -> None:
    for measure, step in (
        (("median", ""), ("p95", "day"), ("p99", "week")) if by != "duration_ms" else (("events", ""),)
    ):
        of = "duration_ms" if measure != "events" else None
        about = Where(by, False, (), is_number=by == "duration_ms") if by else None
        start, end, _ = range_of(RANGES[1])
        question = AnyQuestion(start, end, measure, "tool_executed", of, about, step, where)
        assert check(asked, "dot-ai", RANGES[1], question)
        filters = Filters("dot-ai", datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))
        query = {"measure": measure, "event": "tool_executed", "of": of or "", "by": by, "step": step}
        texts = [condition_text(one.name, one.negated, one.values) for one in where]
        parsed = parse_question(query, texts, filters, CATALOGUES["dot-ai"])
        for answers in asked.engines:
            compiled = compile_question(parsed, CARRIED, answers.facts, DIALECTS[answers.engine])
            assert raw_span(compiled.sql, EventSelection("dot-ai", start, end)) is None


def test_the_chart_of_durations_of_one_client_reads_no_raw_events(asked: Asked) -> None:
    start, end, _ = range_of(RANGES[1])
    question = AnyQuestion(start, end, where=(CLAUDE,))
    [spec] = [one for one in asked.engines[0].charts() if one.id == "tool-duration"]
    assert check_chart(asked, "dot-ai", RANGES[1], spec, question)


@pytest.mark.parametrize(
    ("measure", "step", "by", "where"),
    [
        ("retention", "", "tool", ()),
        ("retention", "", "k8s_version", ("1.29", "")),
        ("came_back", "", "", ("1.29",)),
        ("came_back", "day", "mcp_client", ()),
        ("came_back", "week", "", ()),
        ("lost", "week", "tool", ()),
        ("new", "week", "", ()),
    ],
)
def test_instances_that_come_back_are_the_oracles_in_every_form(
    asked: Asked, measure: str, step: str, by: str, where: tuple[str, ...]
) -> None:
    start, end, _ = range_of(RANGES[1])
    conditions = (Where("k8s_version", True, where),) if where else ()
    about = Where(by, False, ()) if by else None
    question = AnyQuestion(start, end, measure, "tool_executed", by=about, step=step, where=conditions)
    assert len(check(asked, "dot-ai", RANGES[1], question)) > 1 or not (by or step)


KNOWN, UNKNOWN = Where(STANDING, False, ("established",)), Where(STANDING, False, ("new",))


@pytest.mark.parametrize(
    ("measure", "event", "by", "where", "chosen"),
    [
        ("events", "tool_executed", "", KNOWN, RANGES[1]),
        ("events", None, STANDING, replace(KNOWN, negated=True), RANGES[0]),
        ("rate", "tool_executed", STANDING, None, RANGES[-1]),
        ("instances", None, STANDING, UNKNOWN, RANGES[2]),
        ("p95", "tool_executed", "tool", UNKNOWN, RANGES[1]),
        ("retention", None, "", KNOWN, RANGES[1]),
    ],
)
def test_established_instances_are_a_condition_and_a_property_of_any_question(
    asked: Asked, measure: str, event: str | None, by: str, where: Where | None, chosen: dict[str, str]
) -> None:
    start, end, exact = range_of(chosen)
    of = {"rate": "success", "p95": "duration_ms"}.get(measure)
    about, conditions = Where(by, False, ()) if by else None, (where,) if where else ()
    question = AnyQuestion(start, end, measure, event, of, about, where=conditions, exact=exact)
    for product in CARRIERS:
        rows = check(asked, product, chosen, question)
        assert rows
        assert len({row[0] for row in rows}) == (2 if where is None else 1) or by != STANDING


@pytest.mark.parametrize("where", [KNOWN, UNKNOWN], ids=["established", "new"])
def test_every_chart_obeys_a_condition_on_established_instances(asked: Asked, where: Where) -> None:
    start, end, exact = range_of(RANGES[1])
    question = AnyQuestion(start, end, where=(where,), exact=exact)
    answered = [check_chart(asked, "dot-ai", RANGES[1], spec, question) for spec in asked.engines[0].charts()]
    assert all(answered)


def folded_values(asked: Asked, name: str, event: str) -> list[int]:
    """What each engine's answer says of the values of a property that are shown as `other`."""
    filters = Filters.parse({"product": OWN, "range": "all"}, datetime.fromtimestamp(END, UTC), CATALOGUES)
    question = parse_question({"measure": "events", "event": event, "by": name}, (), filters, CATALOGUES[OWN])
    return [ask(answers, question, filters).folded for answers in asked.engines]


def test_any_chart_in_any_segment_has_the_oracles_answer_from_both_engines(asked: Asked) -> None:
    specs, answered = asked.engines[0].charts(), 0

    @settings(max_examples=CHARTS, deadline=None, suppress_health_check=list(HealthCheck), derandomize=not SOAK)
    @given(st.data())
    def try_one(data: st.DataObject) -> None:
        nonlocal answered
        product, chosen, question = data.draw(questions(asked).filter(lambda drawn: drawn[2].where))
        answered += check_chart(asked, product, chosen, data.draw(st.sampled_from(specs)), question)

    try_one()
    assert answered >= CHARTS // 4


def test_of_invented_values_the_most_used_are_shown_and_a_filter_for_other_has_the_rest(asked: Asked) -> None:
    events, limit = asked.events[OWN], 2
    kept = all_kept_values(events, limit)
    for name, carriers in (("step", ("step_skipped",)), ("engine_version", ("backup_finished",))):
        kept[name] = kept_values(events, name, limit, carriers) or set()
    truths = {**asked.truths, OWN: QuestionTruth(events, CARRIERS[OWN], kept)}
    few = Asked(
        asked.stores,
        tuple(Answers(store, CATALOGUES, max_values=limit) for store in asked.stores),  # type: ignore[arg-type]  # two of two
        asked.events,
        truths,
        asked.charts,
    )
    start, end, exact = range_of(RANGES[1])
    for name, event in (("step", "step_skipped"), ("engine_version", "backup_finished"), ("tool", "tool_executed")):
        all_hidden = sorted({str(one.properties.get(name)) for one in events} - kept[name] - {"None"})
        assert folded_values(few, name, event) == [len(all_hidden)] * 2, "the answer says how many are in `other`"
        hidden = all_hidden[0]
        for by in (Where(name, False, ()), None):
            for values in (("other",), (hidden,), ("", "other")):
                for about in (event, "server_stopped"):
                    where = (Where(name, False, values, event),)
                    question = AnyQuestion(start, end, "events", about, by=by, where=where, exact=exact)
                    check(few, OWN, RANGES[1], question)
    assert check(
        few, OWN, RANGES[1], AnyQuestion(start, end, "p95", "tool_executed", "duration_ms", Where("tool", False, ()))
    )
