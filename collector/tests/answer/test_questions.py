"""Any question has the same answer from both engines, and it is the oracle's: measure, property, segment and range."""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.tests.answer.chart_rows import equal
from collector.tests.store.clickhouse.embedded_engine import ADDRESS, Embedded, close_all
from collector.tests.store.fill_store import PEPPER, journal, loader_of
from footfall.catalogue import catalogue_for
from footfall_collector.admit import Admission
from footfall_collector.answer import Answers, ChartSpec, Filters, ask, condition_text, parse_question
from footfall_collector.answer.questions.segments import describe_segment
from footfall_collector.store import Store
from footfall_collector.store.clickhouse import ClickHouseStore
from footfall_collector.store.clickhouse.address import parse_address
from footfall_collector.store.duckdb.store import DuckStore
from tests.oracle import own_product
from tests.oracle.fleet import Fleet, FleetEvent, FleetRequest
from tests.oracle.matching import OracleQuery, all_kept_values, kept_values
from tests.oracle.questions import CARRIED, COMMON, AnyQuestion, QuestionTruth, Where
from tests.oracle.truth import Truth
from tests.oracle.world import DAY, HOUR

pytest.importorskip("chdb", reason="`make engines` installs the embedded ClickHouse")
SOAK = bool(os.environ.get("SOAK"))
EXAMPLES, CHARTS = (4000, 400) if SOAK else (25, 12)
pytestmark = pytest.mark.timeout(7200 if SOAK else 300)

END = 1_795_534_217  # 2026-11-24T15:30:17Z, in the middle of a week, a day and an hour
OWN = own_product.PRODUCT
CATALOGUES = {"dot-ai": catalogue_for("dot-ai"), OWN: own_product.catalogue()}
PLAN = "Plan viewed: it's new"
CARRIERS: dict[str, dict[str, tuple[str, ...]]] = {
    "dot-ai": CARRIED,
    OWN: {
        **CARRIED,
        "backup_finished": ("trigger", "complete", "engine_version", "error_type"),
        PLAN: ("encrypted", "n"),
        "step_skipped": ("step",),
    },
}
FLAGS = {"tool_executed": ("success",), "backup_finished": ("complete",), PLAN: ("encrypted",)}
NUMBERS = {
    "tool_executed": ("duration_ms",),
    "server_stopped": ("uptime_seconds",),
    "backup_finished": ("size_mb", "seconds"),
    "step_skipped": ("value",),
}


@dataclass(frozen=True)
class Asked:
    """Both products in both engines, and their events."""

    stores: tuple[Store, Store]
    engines: tuple[Answers, Answers]
    events: Mapping[str, list[FleetEvent]]
    truths: Mapping[str, QuestionTruth]
    charts: Mapping[str, Truth]


def lines(product: str, requests: Sequence[FleetRequest]) -> Iterator[bytes]:
    admission = Admission(CATALOGUES, PEPPER)
    for request in requests:
        raw = [msgspec.Raw(msgspec.json.encode(event)) for event in request.wire_events()]
        result = admission.admit(product, raw, float(request.received), request.sent_at)
        assert result.refused == {}
        yield result.lines


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
    truths = {product: QuestionTruth(events[product], CARRIERS[product]) for product in fleets}
    charts = {product: Truth(events[product], CARRIERS[product]) for product in fleets}
    yield Asked((duck, click), (Answers(duck, CATALOGUES), Answers(click, CATALOGUES)), events, truths, charts)
    duck.close()
    click.close()
    close_all()


RANGES: tuple[dict[str, str], ...] = (
    {"range": "7d"},
    {"range": "30d"},
    {"range": "all"},
    {"start": "2026-10-29", "end": "2026-11-02"},
    {"start": "2026-11-10", "end": "2026-11-10"},
    {"range": "24h"},
    {"start": "2026-11-19T10:20:30Z", "end": "2026-11-20T22:00:00Z"},
)


def range_of(query: dict[str, str]) -> tuple[int, int, bool]:
    """Start and end in epoch seconds, and whether the range is one of moments."""
    if "start" in query:
        start, end = (
            int(datetime.fromisoformat(query[name]).replace(tzinfo=UTC).timestamp()) for name in ("start", "end")
        )
        end += DAY if len(query["end"]) == 10 else 0
        return start, end, end - start <= 2 * DAY
    if query["range"] == "24h":
        return END + 1 - 24 * HOUR, END + 1, True
    last = (END // DAY + 1) * DAY
    return (0 if query["range"] == "all" else last - int(query["range"][:-1]) * DAY), last, False


def name_of(where: Where) -> str:
    return ".".join(filter(None, (where.event, where.name)))


def check(asked: Asked, product: str, chosen: dict[str, str], question: AnyQuestion) -> list[list[Any]]:
    """Ask both engines what the oracle is asked; returns the rows."""
    query = {"product": product, "internal": question.internal, **chosen}
    filters = Filters.parse(query, datetime.fromtimestamp(END, UTC), CATALOGUES)
    parameters = {
        "measure": question.measure,
        "event": question.event or "",
        "of": question.of or "",
        "by": name_of(question.by) if question.by else "",
        "step": question.step,
    }
    where = [condition_text(name_of(one), one.negated, one.values) for one in question.where]
    expected = asked.truths[product].answer(question)
    for answers in asked.engines:
        parsed = parse_question(parameters, where, filters, CATALOGUES[product])
        answer = ask(answers, parsed, filters)
        assert equal(answer.rows, expected), (
            f"{answers.engine} differs from the oracle on {parameters} where {where} in {query}: "
            f"{len(answer.rows)} rows {answer.rows[:5]}, expected {len(expected)} rows {expected[:5]}"
        )
        assert [[type(cell) for cell in row] for row in answer.rows] == [
            [type(cell) for cell in row] for row in expected
        ]
    return expected


def check_chart(asked: Asked, product: str, chosen: dict[str, str], spec: ChartSpec, question: AnyQuestion) -> bool:
    """Ask both engines for a chart under the conditions of a question; returns whether it has rows."""
    start, end = question.start, question.end
    bucket = 60 if end - start <= 3 * HOUR else HOUR if question.exact else DAY
    if spec.daily:
        start, end = start // DAY * DAY, -(-end // DAY) * DAY
    where = tuple(one for one in question.where if one.name not in spec.unfiltered)
    query = OracleQuery(start, end, question.internal, bucket, where=where, by_instance=spec.by_instance)
    expected = asked.charts[product].chart(spec.id, query)
    texts = [condition_text(name_of(one), one.negated, one.values) for one in question.where]
    given = {"product": product, "internal": question.internal, **chosen}
    filters = Filters.parse(given, datetime.fromtimestamp(END, UTC), CATALOGUES, texts)
    for answers in asked.engines:
        rows = answers.chart(spec.id, filters).rows
        assert equal(rows, expected), (answers.engine, spec.id, texts, given, rows[:5], expected[:5])
    return bool(expected)


@st.composite
def questions(draw: st.DrawFn, asked: Asked) -> tuple[str, dict[str, str], AnyQuestion]:
    product = draw(st.sampled_from(sorted(CARRIERS)))
    carried, events = CARRIERS[product], asked.events[product]
    chosen = draw(st.sampled_from(RANGES))
    start, end, exact = range_of(chosen)
    measures = ("events", "instances", "share", "new", "returning", "lost", "rate", "median", "p95", "p99")
    measure = draw(st.sampled_from(measures))
    of, event = None, draw(st.sampled_from((None, *carried)))
    if measure in ("rate", "median", "p95", "p99"):
        offered = FLAGS if measure == "rate" else NUMBERS
        event = draw(st.sampled_from([name for name in offered if name in carried]))
        of = draw(st.sampled_from(offered[event]))
    properties = [Where(name, False, ()) for name in COMMON]
    properties += [Where(name, False, (), each) for each, names in carried.items() for name in names]
    properties += [Where(name, False, ()) for name in sorted({name for names in carried.values() for name in names})]
    by = None
    if measure == "share" or draw(st.booleans()):
        by = draw(st.sampled_from(properties))
        if event in NUMBERS and measure in ("events", "instances", "share") and draw(st.booleans()):
            by = Where(draw(st.sampled_from(NUMBERS[event])), False, (), is_number=True)
    steps = ("", "day", "hour", "minute") if exact and measure not in ("new", "returning", "lost") else ("", "day")
    where = draw(st.lists(st.sampled_from(properties).flatmap(lambda one: conditions(events, one)), max_size=3))
    internal = draw(st.sampled_from(("hide", "all", "all", "only")))
    step = draw(st.sampled_from(steps))
    unique = tuple(dict.fromkeys(where))
    return product, chosen, AnyQuestion(start, end, measure, event, of, by, step, unique, internal, exact)


def conditions(events: Sequence[FleetEvent], about: Where) -> st.SearchStrategy[Where]:
    values = {event.properties.get(about.name) for event in events}
    known = {str(value).lower() if isinstance(value, bool) else str(value or "") for value in values} | {"", "other"}
    texts = sorted(known | {text.rpartition(".")[0] for text in known if text.count(".") == 2})
    some = st.lists(st.sampled_from(texts), min_size=1, max_size=3, unique=True).map(tuple)
    return st.builds(Where, st.just(about.name), st.booleans(), some, st.just(about.event))


def test_any_question_has_the_oracles_answer_from_both_engines(asked: Asked) -> None:
    answered = 0

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=not SOAK)
    @given(st.data())
    def try_one(data: st.DataObject) -> None:
        nonlocal answered
        answered += bool(check(asked, *data.draw(questions(asked))))

    try_one()
    assert answered > EXAMPLES // 3


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
    assert answered > CHARTS // 4


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


@pytest.mark.parametrize(
    ("where", "phrase"),
    [
        ("k8s_version:is:1.29", "calls of instances that ran Kubernetes 1.29 on that day"),
        ("k8s_version:is:", "calls of instances that had no k8s_version on that day"),
        ("k8s_version:is:,1.29", "calls of instances that had k8s_version 1.29 or no k8s_version on that day"),
        ("k8s_version:is_not:", "calls of instances that had a k8s_version on that day"),
        ("k8s_version:is_not:,1.29", "calls of instances that had a k8s_version other than 1.29 on that day"),
        ("error_type:is_not:A,B", "calls of instances that didn't meet A or B in the range"),
        ("tool:is:,query", "calls whose tool is not given or query"),
    ],
)
def test_a_scope_says_what_its_conditions_select(where: str, phrase: str) -> None:
    day = Filters("dot-ai", datetime.fromtimestamp(END - DAY, UTC), datetime.fromtimestamp(END, UTC))
    question = parse_question({"event": "tool_executed"}, [where], day, CATALOGUES["dot-ai"])
    assert describe_segment(question.segment, question.event) == phrase
