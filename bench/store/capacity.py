"""The machines for a billion events a day, computed from the results of `bench/store/store.py`."""
# ruff: noqa: RUF001 -- a sign of multiplication is what the reader expects

import math
from typing import Any

from bench.results import Section, table

DAILY, PEAK, RETENTION_DAYS, REPLICAS = 1_000_000_000, 5, 90, 2
DAY_SECONDS, HALF_USED = 86_400, 2
_FROM, _BIG = "10m", "100m"
DISK_TB, CORES = 4, 8
"""Of one machine."""


def section(found: dict[str, dict[str, Any]], command: str) -> Section:
    """The table: quantity, computation, result. `found` has the measurements by store size."""
    rows = [*_collectors(found[_BIG]["cpu_us_per_event"]), *_disks(found[_FROM])]
    note = (
        "Computed, not measured: no such cluster was run. What an event costs is from the sections above; the share of "
        f"the peak ({PEAK} times the mean), {RETENTION_DAYS} days of retention, {REPLICAS} replicas and machines of "
        f"{CORES} cores and {DISK_TB} TB are assumptions. What receiving a request costs is not in it; that is "
        "what `bench/collector/ingest.py` measures."
    )
    head = ["a billion events a day", "computed as", "result"]
    return Section("store-capacity", "A billion events a day", command, table(head, rows), [note])


def _collectors(cpu_us: float) -> list[list[str]]:
    mean = DAILY / DAY_SECONDS
    cores = mean * PEAK * cpu_us / 1e6
    return [
        ["events per second, mean", f"{DAILY:,} / {DAY_SECONDS:,}", f"{mean:,.0f}"],
        ["events per second, peak", f"{mean:,.0f} × {PEAK}", f"{mean * PEAK:,.0f}"],
        ["cores to load the peak", f"{mean * PEAK:,.0f} × {cpu_us} µs", f"{cores:.1f}"],
        [
            "collectors, half used",
            f"{cores:.1f} × {HALF_USED} / {CORES} cores",
            f"{math.ceil(cores * HALF_USED / CORES)}",
        ],
    ]


def _disks(one: dict[str, Any]) -> list[list[str]]:
    raw = one["raw"]["chDB"]["bytes"] / one["events"]
    rollups = one["rollup_bytes_per_event"]
    each = raw + rollups
    total = DAILY * RETENTION_DAYS * each * REPLICAS / 1e12
    shards = math.ceil(total / REPLICAS * HALF_USED / DISK_TB)
    return [
        ["bytes per event", f"{raw:.1f} in ClickHouse + {rollups} of rollups", f"{each:.1f}"],
        ["terabytes", f"{DAILY:,} × {RETENTION_DAYS} days × {each:.1f} × {REPLICAS} replicas", f"{total:.1f}"],
        ["shards, disks half full", f"{total:.1f} / {REPLICAS} × {HALF_USED} / {DISK_TB} TB", f"{shards}"],
        ["ClickHouse servers", f"{shards} shards × {REPLICAS} replicas", f"{shards * REPLICAS}"],
    ]
