"""Both engines answer a saved segment as they answer the same conditions, and as the oracle does."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from collector.tests.answer.chart_rows import equal
from collector.tests.store.clickhouse.embedded_engine import ADDRESS, Embedded, close_all
from collector.tests.store.fill_store import PEPPER, journal, loader_of
from footfall.catalogue import catalogue_for
from footfall_collector.admit import Admission
from footfall_collector.answer import Answers, Filters, SavedSegment, SavedSegments, ask, parse_question
from footfall_collector.store import Store
from footfall_collector.store.clickhouse import ClickHouseStore
from footfall_collector.store.clickhouse.address import parse_address
from footfall_collector.store.duckdb.store import DuckStore
from tests.oracle.fleet import Fleet, FleetRequest
from tests.oracle.matching import OracleQuery
from tests.oracle.questions import CARRIED, Where
from tests.oracle.truth import Truth
from tests.oracle.world import DAY

pytest.importorskip("chdb", reason="`make engines` installs the embedded ClickHouse")
pytestmark = pytest.mark.timeout(300)

END = 1_795_534_217  # 2026-11-24T15:30:17Z
PRODUCT, NOW = "dot-ai", datetime.fromtimestamp(END, UTC)
CATALOGUES = {PRODUCT: catalogue_for(PRODUCT)}
SEGMENTS = {
    "people on Cursor": (Where("mcp_client", False, ("cursor-vscode", "")),),
    "old": (Where("k8s_version", True, ("1.30",)), Where("tool", True, ("query",))),
}


def text(where: Where) -> str:
    return f"{where.name}:{'is_not' if where.negated else 'is'}:{','.join(where.values)}"


def test_a_saved_segment_has_the_answer_of_its_conditions_from_both_engines(tmp_path: Path) -> None:
    fleet, admission = Fleet(12, 12, 5, END), Admission(CATALOGUES, PEPPER)
    homes = [tmp_path / "duck", tmp_path / "click"]
    for home in homes:
        home.mkdir()
    sent = sorted(fleet.requests(), key=lambda one: one.received)
    journal(homes[0], (admission.admit(PRODUCT, _raw(one), float(one.received), one.sent_at).lines for one in sent))
    shutil.copytree(homes[0] / "journal", homes[1] / "journal", dirs_exist_ok=True)
    click = ClickHouseStore(
        homes[1], CATALOGUES, parse_address(ADDRESS), connect=lambda _: Embedded(homes[1] / "engine")
    )
    stores: list[Store] = [DuckStore(homes[0], CATALOGUES, memory_limit="512MB", threads=2), click]
    saved = SavedSegments(tmp_path)
    for name, conditions in SEGMENTS.items():
        saved.save(SavedSegment(PRODUCT, name, [text(where) for where in conditions]))
    truth = Truth(list(fleet.events()), CARRIED)
    try:
        for home, store in zip(homes, stores, strict=True):
            loader_of(home, store).run_once()
            _check(Answers(store, CATALOGUES, segments=saved), truth)
    finally:
        for store in stores:
            store.close()
        close_all()


def _check(answers: Answers, truth: Truth) -> None:
    end = END // DAY * DAY + DAY
    for name, conditions in SEGMENTS.items():
        texts = [text(where) for where in conditions]
        inline = Filters.parse({"range": "30d"}, NOW, CATALOGUES, texts)
        named = Filters.parse({"range": "30d", "segment": name}, NOW, CATALOGUES, (), answers.segments)
        for chart in ("tool-usage", "mcp-clients"):
            rows = answers.chart(chart, named).rows
            assert rows == answers.chart(chart, inline).rows, (answers.engine, name, chart)
            expected = truth.chart(chart, OracleQuery(end - 30 * DAY, end, "hide", DAY, where=conditions))
            assert equal(rows, expected), (answers.engine, name, chart, rows[:5], expected[:5])
        asked = [
            ask(answers, parse_question({"by": "tool"}, (), filters, CATALOGUES[PRODUCT]), filters)
            for filters in (named, inline)
        ]
        assert asked[0].rows == asked[1].rows != []


def _raw(request: FleetRequest) -> list[msgspec.Raw]:
    return [msgspec.Raw(msgspec.json.encode(event)) for event in request.wire_events()]
