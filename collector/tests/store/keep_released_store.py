"""Keeps a small store of the present schema for the tests of later schemas.

Run `python -m collector.tests.store.keep_released_store` when a schema is released, before work on the
next one begins. It writes `released/schema-N.tar.xz`, a data directory with a finished roll-up, a load that is not
rolled up and a forgotten instance, and `released/schema-N.json`, the rows of every chart. Neither file ever changes.
"""

import io
import json
import sys
import tarfile
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from collector.tests.store.fill_store import CATALOGUES, PEPPER, journal_fleet, loader_of, open_store
from footfall_collector.admit.instance_hash import instance_of
from footfall_collector.answer import Answers, Filters
from footfall_collector.answer.charts import CHARTS
from footfall_collector.store.duckdb.schema_migrations import SCHEMA
from footfall_collector.store.duckdb.store import DuckStore
from tests.oracle.fleet import Fleet

RELEASED = Path(__file__).parent / "released"
END = 1_793_491_200 + 4 * 86_400  # 2026-11-05T00:00:00Z
FLEET = Fleet(instances=30, days=40, seed=11, end=END)
QUERIES = ({"range": "30d"}, {"range": "90d", "internal": "all"}, {"range": "24h", "internal": "all"})


def chart_answers(store: DuckStore) -> list[dict[str, Any]]:
    """The rows of all charts, query by query."""
    answers, now = Answers(store, CATALOGUES), datetime.fromtimestamp(END - 1, UTC)
    filters = [Filters.parse({"product": "dot-ai", **query}, now, CATALOGUES) for query in QUERIES]
    return [{spec.id: answers.chart(spec.id, one).rows for spec in CHARTS} for one in filters]


def fill(data: Path) -> DuckStore:
    """A store with everything that a migration must keep."""
    sent = sorted(FLEET.requests(), key=lambda one: one.received)
    half = len(sent) // 2
    store = open_store(data)
    for part in (sent[:half], sent[half:]):
        journal_fleet(data, part)
        loader = loader_of(data, store)
        loader.run_once()
        if part[0] is sent[0]:
            loader.checkpoint()
            store.forget(instance_of(PEPPER, "dot-ai", sent[0].events[0].instance)[0])
    # Checkpointed without a roll-up: charts read the raw rows of these loads.
    store.checkpoint()
    assert store.unrolled_loads > 0
    return store


def main() -> int:
    """Write both files; refuses to overwrite those of a released schema."""
    to = RELEASED / f"schema-{SCHEMA}.tar.xz"
    if to.exists():
        print(f"{to.name} is there already; a released schema is never changed", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as directory:
        data = Path(directory)
        store = fill(data)
        answers = chart_answers(store)
        store.close()
        with tarfile.open(to, "w:xz", preset=9) as archive:
            for path in sorted(data.rglob("*")):
                name = path.relative_to(data)
                if path.is_file() and name.parts[0] != "journal":
                    member = tarfile.TarInfo(str(name))
                    member.size = path.stat().st_size
                    archive.addfile(member, io.BytesIO(path.read_bytes()))
    lines = ",\n".join(json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in answers)
    to.with_name(f"schema-{SCHEMA}.json").write_text(f"[{lines}]\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
