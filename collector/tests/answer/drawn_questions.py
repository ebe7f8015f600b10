"""Random questions to both engines and to the oracle: how they are drawn, asked and compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from collector.tests.answer.chart_rows import equal
from footfall.catalogue import catalogue_for
from footfall_collector.answer import MEASURES, Answers, ChartSpec, Filters, ask, condition_text, parse_question
from footfall_collector.answer.questions.question import DAILY_MEASURES
from footfall_collector.store import Store
from tests.oracle import own_product
from tests.oracle.fleet import FleetEvent
from tests.oracle.matching import OracleQuery
from tests.oracle.questions import CARRIED, COMMON, STANDING, AnyQuestion, QuestionTruth, Where
from tests.oracle.truth import Truth
from tests.oracle.world import DAY, HOUR

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
    expected = asked.truths[product].answer(replace(question, now=END))
    for answers in asked.engines:
        parsed = parse_question(parameters, where, filters, CATALOGUES[product])
        answer = ask(answers, parsed, filters, datetime.fromtimestamp(END, UTC))
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
    measure = draw(st.sampled_from([*MEASURES]))
    of, event = None, draw(st.sampled_from((None, *carried)))
    if measure in ("rate", "median", "p95", "p99"):
        offered = FLAGS if measure == "rate" else NUMBERS
        event = draw(st.sampled_from([name for name in offered if name in carried]))
        of = draw(st.sampled_from(offered[event]))
    properties = [Where(name, False, ()) for name in COMMON]
    properties += [Where(name, False, (), each) for each, names in carried.items() for name in names]
    properties += [Where(name, False, ()) for name in sorted({name for names in carried.values() for name in names})]
    properties.append(Where(STANDING, False, ()))
    by = None
    if measure == "share" or draw(st.booleans()):
        by = draw(st.sampled_from(properties))
        if event in NUMBERS and measure in ("events", "instances", "share") and draw(st.booleans()):
            by = Where(draw(st.sampled_from(NUMBERS[event])), False, (), is_number=True)
    steps = ["", "week"] if measure == "retention" else ["", "day", "week"]
    steps += ["hour", "minute"] if exact and measure not in DAILY_MEASURES else []
    where = draw(st.lists(st.sampled_from(properties).flatmap(lambda one: conditions(events, one)), max_size=3))
    internal = draw(st.sampled_from(("hide", "all", "all", "only")))
    step = draw(st.sampled_from(steps))
    unique = tuple(dict.fromkeys(where))
    return product, chosen, AnyQuestion(start, end, measure, event, of, by, step, unique, internal, exact)


def conditions(events: Sequence[FleetEvent], about: Where) -> st.SearchStrategy[Where]:
    if about.name == STANDING:
        one = st.sampled_from((("established",), ("new",)))
        return st.builds(Where, st.just(STANDING), st.booleans(), one)
    values = {event.properties.get(about.name) for event in events}
    known = {str(value).lower() if isinstance(value, bool) else str(value or "") for value in values} | {""}
    known |= set() if known <= {"true", "false", ""} else {"other"}
    texts = sorted(known | {text.rpartition(".")[0] for text in known if text.count(".") == 2})
    some = st.lists(st.sampled_from(texts), min_size=1, max_size=3, unique=True).map(tuple)
    return st.builds(Where, st.just(about.name), st.booleans(), some, st.just(about.event))
