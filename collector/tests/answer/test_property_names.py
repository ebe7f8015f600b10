"""A product may call a property whatever its catalogue admits: no such name breaks a load or a question.

Tried are the names that the collector's own SQL gives to columns and tables: `day` once stopped every load.
"""

import re
import types
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest

import footfall_collector
from collector.tests.store.clickhouse.embedded_engine import ADDRESS, Embedded, close_all
from collector.tests.store.fill_store import PEPPER, journal, loader_of
from footfall.catalogue import Amount, Catalogue, Event, ExtraProperties, Kind, Property, Vocabulary, catalogue_for
from footfall_collector.admit import Admission
from footfall_collector.answer import Answers, Filters, ask, parse_question
from footfall_collector.answer.questions import question_answer
from footfall_collector.store import Store
from footfall_collector.store.clickhouse import ClickHouseStore
from footfall_collector.store.clickhouse.address import parse_address
from footfall_collector.store.duckdb.store import DuckStore

pytest.importorskip("chdb", reason="`make engines` installs the embedded ClickHouse")
PRODUCT, EVENT_PROPERTIES = "names", 20
ENGINES = ("duckdb", "clickhouse")
NAMED = re.compile(r"\b(?:AS|FROM|JOIN) ([a-z][a-z0-9_]*)\b|^    \"([a-z_]+)\": \"[A-Z]+\"", re.MULTILINE)
SOURCES = Path(footfall_collector.__file__).parent
KINDS: dict[str, tuple[type, Kind, Any]] = {
    "words": (str, Vocabulary("word", ("a", "b")), "a"),
    "numbers": (float, Amount("grams", 100), 3.0),
}


def names_in_sql() -> list[str]:
    texts = (path.read_text() for pattern in ("*.py", "*.sql") for path in sorted(SOURCES.rglob(pattern)))
    return sorted({name for text in texts for match in NAMED.finditer(text) for name in match.groups() if name})


def event_with(tag: str, kind: str, *names: str, base: type[Event] = Event) -> type[Event]:
    type_, of_kind, _ = KINDS[kind]
    property_ = Property(of_kind, meaning="M", purpose="P", question="next", required=False)
    body = {"meaning": "An event.", "__module__": __name__, **dict.fromkeys(names)}
    body["__annotations__"] = dict.fromkeys(names, Annotated[type_, property_] | None)
    return types.new_class(f"Of{tag}", (base,), {"frozen": True, "tag": tag}, lambda space: space.update(body))


def filled(
    tmp_path: Path,
    catalogues: Mapping[str, Catalogue],
    sent: list[dict[str, Any]],
    now: datetime,
    engines: Sequence[str] = ENGINES,
) -> Iterator[Answers]:
    """The answers of each engine's store, filled with the events."""
    raw = [msgspec.Raw(msgspec.json.encode(event)) for event in sent]
    lines = Admission(catalogues, PEPPER).admit(PRODUCT, raw, now.timestamp(), None).lines
    for engine in engines:
        folder = tmp_path / engine
        journal(folder, [lines])
        store = opened(engine, folder, catalogues)
        loader = loader_of(folder, store)
        loader.run_once()
        loader.checkpoint()
        yield Answers(store, catalogues)
        store.close()
    close_all()


def opened(engine: str, folder: Path, catalogues: Mapping[str, Catalogue]) -> Store:
    if engine == "duckdb":
        return DuckStore(folder, catalogues, memory_limit="512MB")
    address = parse_address(ADDRESS)
    return ClickHouseStore(folder, catalogues, address, connect=lambda _: Embedded(folder / "engine"))


def admitted(kind: str) -> list[str]:
    """The names that a catalogue admits."""
    names = []
    for name in names_in_sql():
        with suppress(TypeError):
            catalogue_for(PRODUCT, events=[event_with("one", kind, name)])
            names.append(name)
    return names


@pytest.mark.parametrize("kind", [*KINDS])
def test_a_property_of_any_admitted_name_is_loaded_and_asked_about_on_both_engines(tmp_path: Path, kind: str) -> None:
    names, value = admitted(kind), KINDS[kind][2]
    assert {"moment", "value", "mask", "standing", "n"} <= {*names}
    assert "day" not in names
    groups = {f"event_{at}": names[at : at + EVENT_PROPERTIES] for at in range(0, len(names), EVENT_PROPERTIES)}
    catalogues = {PRODUCT: catalogue_for(PRODUCT, events=[event_with(tag, kind, *of) for tag, of in groups.items()])}
    now = datetime.now(UTC)
    sent = [
        {"event": tag, "uuid": str(uuid.uuid4()), "distinct_id": "local_00000000000000aa", "properties": dict(of)}
        for tag, of in ((tag, [(name, value) for name in of]) for tag, of in groups.items())
    ]
    call = {"tool": "version", "success": True, "duration_ms": 7.0, "mcp_client": "cursor-vscode"}
    sent.append({**sent[0], "event": "tool_executed", "uuid": str(uuid.uuid4()), "properties": call})
    filters = Filters(PRODUCT, now - timedelta(days=7), now + timedelta(days=1))
    # On the other engine, numbers are read by the same SQL as words.
    for answers in filled(tmp_path, catalogues, sent, now, ENGINES if kind == "words" else ENGINES[:1]):
        for tag, of in groups.items():
            for name in of:
                query = {"measure": "events", "event": tag, "by": name}
                [row] = ask(answers, parse_question(query, (), filters, catalogues[PRODUCT]), filters).rows
                assert row == [value, 1], (answers.engine, name)
        # No column of theirs stands for one of the built-in charts, whether of roll-ups or of raw events.
        for chosen in (filters, replace(filters, start=now - timedelta(hours=9), end=now + timedelta(hours=1))):
            assert answers.chart("tool-usage", chosen).rows == [["version", 1, 1, 1.0]]
            assert answers.chart("tool-duration", chosen).rows == [["version", 1, 7.0, 7.0, 7.0]]
            assert len(answers.chart("events", chosen).rows) == len(sent)


# Columns of the built-in charts' roll-ups that are no properties of their events.
EXTRA = ("internal", "block", "mask", "calls", "errors", "n")
OF_CALLS: dict[str, Any] = {"tool": "version", "success": True, "duration_ms": 7.0, "mcp_client": "cursor-vscode"}
STANDARD: dict[str, dict[str, Any]] = {
    "tool_executed": OF_CALLS,
    "client_connected": {"mcp_client": "cursor-vscode", "transport": "stdio"},
}


def test_an_extra_property_is_never_taken_for_a_column_of_a_roll_up_on_either_engine(tmp_path: Path) -> None:
    extended = [event_with(tag, "words", *EXTRA, base=ExtraProperties) for tag in STANDARD]
    catalogues, now = {PRODUCT: catalogue_for(PRODUCT, events=extended)}, datetime.now(UTC)
    sent = [
        {"event": tag, "uuid": str(uuid.uuid4()), "distinct_id": "local_00000000000000aa", "properties": of | words}
        for tag, of in STANDARD.items()
        for words in (dict.fromkeys(EXTRA, word) for word in ("a", "b", "b"))
    ]
    filters = Filters(PRODUCT, now - timedelta(days=7), now + timedelta(days=1))
    for answers in filled(tmp_path, catalogues, sent, now):
        for name in EXTRA:
            for tag in STANDARD:
                for measure, rows in (("events", [["b", 2], ["a", 1]]), ("instances", [["a", 1], ["b", 1]])):
                    query = {"measure": measure, "event": tag, "by": name}
                    asked = ask(answers, parse_question(query, (), filters, catalogues[PRODUCT]), filters)
                    assert asked.rows == rows, (answers.engine, tag, name)
            some = replace(filters, where=(f"{name}:is:b",))
            assert answers.chart("tool-usage", some).rows == [["version", 2, 1, 1.0]]
            assert answers.chart("mcp-clients", some).rows == [["cursor-vscode", None, 2, 1, 2]]


def test_pages_and_answers_name_the_column_of_a_property_by_the_same_words() -> None:
    page = (Path(__file__).parents[2] / "frontend/src/page/events.ts").read_text()
    [words] = re.findall(r"OTHER_COLUMNS =\s+/\^\(([a-z0-9_|]+)\)\$/i;", page)
    assert set(words.split("|")) == question_answer.OTHER_COLUMNS - {""}
