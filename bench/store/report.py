"""The results of `bench/store/store.py` as sections of bench/RESULTS.md and of the capacity guide."""

import math
from pathlib import Path
from typing import Any

from bench.results import ROOT, Section, publish, table, versions
from bench.store import capacity as store_capacity
from footfall_collector.store.periods import day_text

DOCUMENTS: tuple[Path, ...] = (ROOT / "docs/capacity.md",)
COMMAND = "python bench/store/store.py"
BYTES_BAR, DASHBOARD_BAR_MS, MEMORY_BAR_MIB, SHOWN_BAR_S = 60, 500, 1024, 2.0
BIG = "100m"
_COLUMNS = {"tool-usage": (0, 1, 2), "tool-errors": (0, 1, 2), "active-instances": (0, 1, 2), "retention": (0, 1, 2)}
"""The cells of a chart that the raw queries give, if not all."""
_DAYS = {"versions": 1, "active-instances": 1, "events": 1, "retention": 7}
"""Charts whose first cell is a day or a Monday week, and the length in days."""


def check_rows(engine: str, ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Raise SystemExit if an engine's rows on raw tables differ from those of the project's charts."""
    for chart, rows in theirs.items():
        expected = sorted(_expected(chart, ours[chart]), key=repr)
        found = sorted(_found(chart, rows), key=repr)
        if len(expected) != len(found) or not all(map(_alike, expected, found)):
            wrong = [pair for pair in zip(expected, found, strict=False) if not _alike(*pair)][:2]
            raise SystemExit(
                f"store: {chart} on raw tables in {engine} differs: {len(expected)}, {len(found)}, {wrong}"
            )


def _expected(chart: str, rows: list[list[Any]]) -> list[list[Any]]:
    if chart == "uptime":
        return [[sum(row[3] for row in rows), *rows[0][5:7], rows[0][3]]]
    if chart == "mcp-clients":
        rows = [row for row in rows if row[2]]
    if chart in ("active-instances", "retention"):
        rows = [row for row in rows if row[2]]
    return [[row[n] for n in _COLUMNS.get(chart, range(len(row)))] for row in rows]


def _found(chart: str, rows: list[list[Any]]) -> list[list[Any]]:
    if chart == "versions":
        rows = [row for row in rows if int(row[2]) or int(row[3])]
    found = []
    for first, *rest in rows:
        length = _DAYS.get(chart)
        head = first or None if length is None else day_text(int(first) * length - (3 if length == 7 else 0))
        found.append([head, *(cell if cell != "" else None for cell in rest)])
    return found


def _alike(one: list[Any], other: list[Any]) -> bool:
    return len(one) == len(other) and all(
        math.isclose(float(b), a, rel_tol=1e-9) if isinstance(a, int | float) else a == b
        for a, b in zip(one, other, strict=True)
    )


def publish_all(found: dict[str, dict[str, Any]]) -> None:
    """Write every section."""
    publish(_stores(found), DOCUMENTS)
    publish(_charts(found))
    publish(_raw(found), DOCUMENTS)
    publish(store_capacity.section(found, COMMAND), DOCUMENTS)


def _stores(found: dict[str, dict[str, Any]]) -> Section:
    big, live = found[BIG], found[BIG]["live"]
    rows = [
        ["events", *(f"{one['events']:,}" for one in found.values())],
        ["instances", *(f"{one['instances']:,}" for one in found.values())],
        ["events loaded per second", *(f"{one['events_per_second']:,}" for one in found.values())],
        ["CPU per million events loaded", *(f"{one['cpu_us_per_event']:.1f} s" for one in found.values())],
        ["bytes per event", *(f"{one['bytes_per_event']}" for one in found.values())],
        ["of which rollups", *(f"{one['rollup_bytes_per_event']}" for one in found.values())],
        ["rollups per instance", *(_kib(one["rollup_bytes"] / one["instances"]) for one in found.values())],
        ["all charts over 90 days, first", *(f"{one['dashboard_90d_ms'][0]} ms" for one in found.values())],
        ["all charts over 90 days, again", *(f"{one['dashboard_90d_ms'][1]} ms" for one in found.values())],
        ["opening the store", *(f"{one['open_ms']} ms" for one in found.values())],
        ["memory, loading", *(f"{one['load_rss_mib']} MiB" for one in found.values())],
        ["memory, asking", *(f"{one['ask_rss_mib']} MiB" for one in found.values())],
    ]
    notes = [_about(big), _about_live(live), _bars(big)]
    head = ["", *found]
    return Section("store", "The store", COMMAND, table(head, rows), notes, versions("duckdb", "footfall-collector"))


def _about(big: dict[str, Any]) -> str:
    return (
        "Events of 90 days. Journal segments are loaded by the loader as it runs in a collector, with the engine's "
        f"default limit; in the store of {big['events']:,} events most are copies that the engine made itself, and "
        f"{big['loaded_events']:,} went through the journal: their rate and CPU are given. *First* and *again*: sums "
        "of the fourteen charts, one after the other; first with nothing cached but by the operating system, again the "
        "median of five; no answer is kept in between."
    )


def _about_live(live: dict[str, Any]) -> str:
    return (
        f"A real collector over the largest store, {live['events_per_second']:,} events a second coming in: all charts "
        f"over 90 days by HTTP {live['dashboard_ms'][0]} ms (the slowest of {live['rounds']} rounds "
        f"{live['dashboard_ms'][1]} ms; {live['idle_dashboard_ms']} ms while nothing came in, "
        f"since answers are kept then). From acknowledgement to "
        f"chart {live['shown_s'][0]} s, at most {live['shown_s'][1]} s ({live['idle_shown_s'][0]} and "
        f"{live['idle_shown_s'][1]} s while nothing came in). The slowest acknowledgement took "
        f"{live['slowest_answer_ms']} ms. The process had {live['collector_rss_mib']} MiB at most."
    )


_ABOUT_RAW = (
    "The same fourteen charts as SQL over one table of raw events, from the same run; every number was checked to be "
    "the one that Footfall's own chart gives. Two threads each; 1 GB for DuckDB, shared buffers and work memory of "
    "256 MB for PostgreSQL, with a BRIN index on time; filled in bulk, from Parquet or by COPY."
)


def _bars(big: dict[str, Any]) -> str:
    live = big["live"]
    memory = max(big["load_rss_mib"], big["ask_rss_mib"], live["collector_rss_mib"])
    return "Bars, at the largest size. " + " ".join(
        [
            _bar(f"At most {BYTES_BAR} bytes per event, rollups included", big["bytes_per_event"], BYTES_BAR, ""),
            _bar(
                f"All charts warm in at most {DASHBOARD_BAR_MS} ms", big["dashboard_90d_ms"][1], DASHBOARD_BAR_MS, " ms"
            ),
            _bar(f"At most {MEMORY_BAR_MIB} MiB", memory, MEMORY_BAR_MIB, " MiB"),
            _bar(
                f"At most {SHOWN_BAR_S:g} s from acknowledgement to chart",
                live["shown_s"][1],
                SHOWN_BAR_S,
                " s at most",
            ),
        ]
    )


def _bar(said: str, value: float, bar: float, unit: str) -> str:
    return f"{said}: {'kept' if value <= bar else 'missed'} ({value}{unit})."


def _kib(size: float) -> str:
    return f"{size / 1024:.1f} KiB"


def _charts(found: dict[str, dict[str, Any]]) -> Section:
    rows = [
        [chart, *(f"{one['90d'][chart][0]} / {one['90d'][chart][1]}" for one in found.values())]
        for chart in found[BIG]["90d"]
    ]
    notes = ["Milliseconds over 90 days, the first time / again. From the same run as the section before."]
    return Section("store-charts", "Every chart", COMMAND, table(["", *found], rows), notes)


def _raw(found: dict[str, dict[str, Any]]) -> Section:
    rows = []
    for name, one in found.items():
        for engine, raw in one["raw"].items():
            times = one["dashboard_90d_ms"][1]
            rows.append(
                [
                    f"{engine}, {name}",
                    f"{raw['fill_seconds']} s",
                    f"{raw['bytes'] / one['events']:.1f}",
                    f"{raw['dashboard_ms'][0]} ms",
                    f"{raw['dashboard_ms'][1]} ms",
                    f"{raw['dashboard_ms'][1] / times:.1f}",
                ]
            )
    head = ["raw table in", "filled in", "bytes per event", "14 charts, first", "again", "times Footfall"]
    measured = versions("duckdb", "chdb", "psycopg")
    return Section("store-raw", "The same charts on raw tables", COMMAND, table(head, rows), [_ABOUT_RAW], measured)
