"""Roll-ups whose new rows are made of other roll-ups' have the rows that the raw events give."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from collector.tests.store.fill_store import PEPPER, journal, loader_of
from footfall.catalogue import catalogue_for
from footfall_collector.admit import Admission
from footfall_collector.store.duckdb.relations import finer_rollups
from footfall_collector.store.duckdb.store import DuckStore
from footfall_collector.store.rollups import ROLLUPS_BY_NAME
from tests.oracle import own_product
from tests.oracle.fleet import Fleet, FleetRequest

END = 1_795_564_800
OWN = own_product.PRODUCT
CATALOGUES = {"dot-ai": catalogue_for("dot-ai"), OWN: own_product.catalogue()}
BUILT_IN = {"tool_executed", "tool_error", "server_started", "server_stopped", "client_connected"}


def load(data: Path, store: DuckStore, product: str, requests: Sequence[FleetRequest]) -> None:
    """Load and roll up, in one step."""
    admission = Admission(CATALOGUES, PEPPER, max_age=400 * 86_400)
    lines = []
    for request in requests:
        raw = [msgspec.Raw(msgspec.json.encode(event)) for event in request.wire_events()]
        result = admission.admit(product, raw, float(request.received), request.sent_at)
        assert result.refused == {}
        lines.append(result.lines)
    journal(data, lines)
    loader = loader_of(data, store)
    assert loader.run_once() > 0
    loader.checkpoint()


def rows_of_all(store: DuckStore) -> dict[str, list[tuple[Any, ...]]]:
    """Every roll-up's rows."""
    return {
        rollup.name: sorted(
            store.files.writer.execute(f"SELECT {', '.join(rollup.columns())} FROM rollups.{rollup.name}").fetchall(),
            key=repr,
        )
        for rollup in store.files.rollups
    }


def check_rebuilt(store: DuckStore) -> None:
    """A rebuild, which counts raw events for each roll-up, gives the same rows."""
    rolled_up = rows_of_all(store)
    assert all(rolled_up.values())
    store.rebuild()
    assert rows_of_all(store) == rolled_up


def test_rows_that_follow_from_other_rollups_are_those_of_the_raw_events(tmp_path: Path) -> None:
    store = DuckStore(tmp_path, CATALOGUES)
    for product, seed in (("dot-ai", 1), (OWN, 2)):
        fleet = Fleet(30, 70, seed, END, product=product)
        requests = list(map(own_product.with_own_events, fleet.requests()) if product == OWN else fleet.requests())
        for part in range(3):
            load(tmp_path, store, product, requests[part::3])
    derived = [rollup for rollup in store.files.rollups if finer_rollups(rollup, BUILT_IN, store.files.rollups)]
    assert len(derived) == 12, [rollup.name for rollup in derived]
    check_rebuilt(store)
    store.close()


def test_an_event_that_no_catalogue_has_any_more_is_counted_too(tmp_path: Path) -> None:
    requests = [own_product.with_own_events(request) for request in Fleet(10, 30, 3, END, product=OWN).requests()]
    store = DuckStore(tmp_path, CATALOGUES)
    load(tmp_path, store, OWN, requests[::2])
    store.close()
    store = DuckStore(tmp_path, {"dot-ai": CATALOGUES["dot-ai"]})
    load(tmp_path, store, OWN, requests[1::2])
    counted = dict(
        store.files.writer.execute("SELECT event, sum(n)::BIGINT FROM rollups.event_counts GROUP BY 1").fetchall()
    )
    sent = {event.uuid: event.event for request in requests for event in request.events}
    assert counted == Counter(sent.values())
    store.close()


def test_a_rollup_of_a_number_is_no_source_for_one_without_it() -> None:
    by_client = ROLLUPS_BY_NAME["numbers_durations_by_client"]
    without_number = replace(by_client, name="calls", dimensions={"tool": "VARCHAR", "mcp_client": "VARCHAR"})
    coarser = replace(by_client, name="durations", dimensions={"tool": "VARCHAR", "duration_ms": "DOUBLE"})
    assert finer_rollups(without_number, BUILT_IN, [by_client]) == []
    assert finer_rollups(coarser, BUILT_IN, [by_client]) == [by_client]
