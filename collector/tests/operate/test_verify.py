"""`verify` finds every difference and no other; `export` writes the stored events."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from collector.tests.app.http import counter, post
from collector.tests.durability.senders import Fleet
from collector.tests.operate.commands import (
    LEAVER,
    calls,
    done,
    give,
    refused,
    run,
    some_event,
    stored,
)
from collector.tests.receive.shapes import batch, event
from tests.support.collector_process import start_collector
from tests.support.waiting import wait_for

pytestmark = pytest.mark.timeout(300)
KEEP: dict[str, Any] = {"segment_seconds": 3600}


def change_a_bit(path: Path) -> None:
    """Change a bit in the middle of a file that another process may have open."""
    content = path.read_bytes()
    with path.open("r+b") as file:
        file.seek(len(content) // 2)
        file.write(bytes([content[len(content) // 2] ^ 1]))


def test_a_collector_under_load_verifies_without_a_difference(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path / "ledger", seed=3)
    with start_collector(tmp_path / "data", segment_seconds=0.2) as collector:
        fleet.open(collector.port, None)
        for number in range(4):
            wait_for(lambda batches=15 * (number + 1): fleet.batches > batches, "some batches", 60)
            said = done(tmp_path / "data", "verify")
            assert ", 0 damaged" in said
            assert ", 0 missing" in said
        fleet.finish()


def test_a_bit_that_changes_in_the_live_segment_is_found_while_the_collector_runs(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with start_collector(data, **KEEP) as collector:
        assert post(collector, batch(some_event(), some_event(), some_event())).status == 200
        assert "3 whole lines, 0 damaged" in done(data, "verify")
        (live,) = (data / "journal").glob("*.open")
        change_a_bit(live)
        ran = run(data, "verify")
        assert (ran.returncode, "2 whole lines, 1 damaged" in ran.stdout) == (1, True)


def test_a_bit_that_changes_in_a_closed_segment_is_found_while_the_collector_runs(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with start_collector(data) as collector:
        give(collector, some_event(), some_event())
        (closed,) = (data / "journal").glob("*.jsonl")
        change_a_bit(closed)
        ran = run(data, "verify")
        assert (ran.returncode, ", 1 damaged" in ran.stdout) == (1, True)


def test_without_a_collector_a_damaged_line_of_the_last_segment_is_found_and_a_torn_one_is_not_damage(
    tmp_path: Path,
) -> None:
    for name, harm, code in (("torn", False, 0), ("damaged", True, 1)):
        data = tmp_path / name
        collector = start_collector(data, **KEEP)
        assert post(collector, batch(some_event(), some_event(), some_event())).status == 200
        collector.kill()
        (live,) = (data / "journal").glob("*.open")
        if harm:
            change_a_bit(live)
        else:
            # A line that was not acknowledged.
            live.write_bytes(live.read_bytes() + live.read_bytes()[:50])
        ran = run(data, "verify")
        assert (ran.returncode, f"{int(harm)} damaged" in ran.stdout) == (code, True), ran.stdout


def test_events_of_a_live_segment_that_was_removed_after_a_crash_are_counted(tmp_path: Path) -> None:
    data = tmp_path / "data"
    collector = start_collector(data, **KEEP)
    assert post(collector, batch(some_event(), some_event(), some_event())).status == 200
    collector.kill()
    (live,) = (data / "journal").glob("*.open")
    live.unlink()
    with start_collector(data, **KEEP) as collector:
        ran = run(data, "verify")
        sentence = f"segment {int(live.stem)} with 3 events is missing"
        assert (ran.returncode, sentence in ran.stdout) == (1, True), ran.stdout


def test_an_event_that_the_store_lacks_is_found(tmp_path: Path) -> None:
    data = tmp_path / "data"
    collector = start_collector(data)
    names = give(collector, some_event(), some_event(), some_event())
    collector.kill()
    (month,) = (data / "store").glob("events-*.duckdb")
    with duckdb.connect(str(month)) as connection:
        connection.execute("DELETE FROM events WHERE uuid = $name", {"name": names[1]})
    ran = run(data, "verify")
    assert (ran.returncode, "3 of them loaded, 1 missing" in ran.stdout) == (1, True), ran.stdout
    assert "needs a backup" in ran.stdout


def test_counts_that_differ_are_found_and_rebuild_mends_them(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with start_collector(data) as collector:
        give(collector, some_event(), some_event(), some_event())
    with duckdb.connect(str(data / "store" / "rollups.duckdb")) as connection:
        connection.execute("UPDATE event_counts SET n = n + 1")
    ran = run(data, "verify")
    assert (ran.returncode, "counts of dot-ai: 4, raw events: 3" in ran.stdout) == (1, True), ran.stdout
    done(data, "rebuild")
    assert "counts of dot-ai: 3, raw events: 3" in done(data, "verify")


def test_after_a_crash_the_events_that_wait_to_be_merged_are_counted(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with start_collector(data) as collector:
        give(collector, some_event(), some_event())
    collector = start_collector(data)
    give(collector, some_event(), some_event(), some_event())
    collector.kill()
    said = done(data, "verify")
    line = "counts of dot-ai: 2, raw events: 2; 3 newer events in the charts already, to be merged into the counts"
    assert line in said.splitlines(), said
    # The command ends with a checkpoint.
    assert "counts of dot-ai: 5, raw events: 5" in done(data, "verify").splitlines()


def test_events_of_forgotten_instances_are_not_missing(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with start_collector(data) as collector:
        give(collector, event(distinct_id=LEAVER), some_event())
        done(data, "forget", LEAVER)
        assert post(collector, batch(event(distinct_id=LEAVER), some_event())).status == 200
        wait_for(lambda: calls(collector) == 2, "the event that stays")
        assert "1 of forgotten instances" in done(data, "verify")


def day(ago: int) -> str:
    return (datetime.now(UTC) - timedelta(days=ago)).strftime("%Y-%m-%d")


def test_exported_files_hold_the_events_of_the_range_in_every_format(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with start_collector(data) as collector:
        names = give(collector, *(some_event(timestamp=f"{day(n)}T12:00:00Z") for n in (1, 2, 20, 28)))
        for form, reader in (("parquet", "read_parquet"), ("csv", "read_csv"), ("jsonl", "read_json")):
            said = done(data, "export", "--format", form, "--from", day(24), str(tmp_path / form))
            rows = duckdb.execute(
                f"SELECT uuid::VARCHAR, event, tool, success, time::DATE::VARCHAR FROM {reader}('{tmp_path}/{form}/*')"
            ).fetchall()
            assert sorted(rows) == sorted(
                (name, "tool_executed", "recommend", True, day(n))
                for name, n in zip(names[:3], (1, 2, 20), strict=True)
            )
            assert sum(int(line.split(": ")[1].split()[0]) for line in said.splitlines()) == 3
        done(data, "export", "--from", day(2), "--to", day(2), str(tmp_path / "one"))
        assert duckdb.execute(f"SELECT count(*) FROM read_parquet('{tmp_path}/one/*')").fetchall() == [(1,)]
    assert set(stored(data)) == set(names)


def test_each_product_is_exported_to_its_own_file(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "footfall.toml").write_text("[products.dot-ai]\n[products.other]\n")
    for product in ("dot-ai", "other"):
        words = [sys.executable, "-m", "footfall_collector", "keys", "add", "--data", str(data), "--product", product]
        subprocess.run([*words, f"phc_{product}"], check=True, capture_output=True)
    with start_collector(data) as collector:
        for product, n in (("dot-ai", 2), ("other", 3)):
            body = json.loads(batch(*(some_event(timestamp=f"{day(1)}T00:00:00Z") for _ in range(n))))
            if product == "other":
                for one in body["batch"]:
                    one["properties"]["other_version"] = one["properties"].pop("dot_ai_version")
            assert post(collector, json.dumps({**body, "api_key": f"phc_{product}"}).encode()).status == 200
        wait_for(lambda: counter(collector, "events_stored") == 5, "the events of both")
        assert "0 missing" in done(data, "verify")
        done(data, "export", str(tmp_path / "all"))
        done(data, "export", "--product", "other", str(tmp_path / "one"))
    month = day(1)[:7]
    assert sorted(path.name for path in (tmp_path / "all").iterdir()) == [
        f"dot-ai-{month}.parquet",
        f"other-{month}.parquet",
    ]
    assert [path.name for path in (tmp_path / "one").iterdir()] == [f"other-{month}.parquet"]
    assert duckdb.execute(f"SELECT count(*) FROM read_parquet('{tmp_path}/one/*')").fetchall() == [(3,)]


def test_an_export_that_is_refused_leaves_nothing(shared_dir: Path, tmp_path: Path) -> None:
    assert "--product none: no such product; known are dot-ai. Add [products.none] to" in refused(
        shared_dir, "export", "--product", "none", str(tmp_path / "out")
    )
    assert "swap them" in refused(shared_dir, "export", "--from", day(1), "--to", day(2), str(tmp_path / "out"))
    assert list(tmp_path.iterdir()) == []
    assert "no events in this range" in done(shared_dir, "export", str(tmp_path / "out"))
