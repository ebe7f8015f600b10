"""A restore is complete or says that it is not, and brings back no forgotten instance."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from client.tests.faults.disk import disk
from collector.tests.app.http import alarms, ask, holds, post
from collector.tests.operate.commands import LEAVER, STAYER, begun, calls, done, give, refused, run, some_event, stored
from collector.tests.receive.shapes import TOKEN, batch, event
from footfall_collector.admit import load_pepper
from footfall_collector.admit.instance_hash import instance_of
from footfall_collector.journal.segment_counts import SegmentCount, SegmentCounts
from tests.support.collector_process import start_collector
from tests.support.waiting import wait_for

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`data`, `backup` without and `whole` with the pepper; one instance was forgotten after the backups."""
    place = tmp_path_factory.mktemp("lost")
    with start_collector(place / "data") as collector:
        give(collector, *(event(distinct_id=LEAVER) for _ in range(3)), some_event(), some_event())
        done(place / "data", "annotations", "add", "the provider had an outage")
        done(place / "data", "backup", str(place / "backup"))
        done(place / "data", "backup", "--include-pepper", str(place / "whole"))
        done(place / "data", "forget", LEAVER)
    return place


def traces_of_leaver(data: Path, pepper: bytes) -> list[Path]:
    digest = instance_of(pepper, "dot-ai", LEAVER)[0]
    number = int(digest, 16).to_bytes(8, "little")
    return holds(data, digest) + [p for p in (data / "store").glob("*.duckdb") if number in p.read_bytes()]


def test_a_copy_of_the_list_keeps_forgotten_instances_from_coming_back(lost: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    done(data, "restore", "--confirm", str(lost / "whole"))
    assert len(stored(data)) == 5
    assert "the provider had an outage" in done(data, "annotations", "list")
    shutil.rmtree(data)
    said = done(data, "restore", "--confirm", "--forgotten", str(lost / "data" / "forgotten.json"), str(lost / "whole"))
    assert "3 events of instances that were forgotten deleted" in said
    assert len(stored(data)) == 2
    assert traces_of_leaver(data, load_pepper(data)) == []
    with start_collector(data) as collector:
        assert calls(collector) == 2
        # Late retries stay out too.
        give(collector, some_event())
        assert "0 missing" in done(data, "verify")
        assert calls(collector) == 3


def test_in_place_the_list_of_the_directory_counts(lost: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(lost / "data", data)
    assert "has events already" in refused(data, "restore", str(lost / "backup"))
    # The journal that is replaced had events that the restored one does not know.
    SegmentCounts(data / "journal").add(SegmentCount(1, 50))
    assert "journal segment 1 with 50 events is missing" in run(data, "verify").stdout
    said = done(data, "restore", "--force", str(lost / "backup"))
    assert "3 events of instances that were forgotten deleted" in said
    assert "fingerprint" not in said, "its own pepper is there"
    assert traces_of_leaver(data, load_pepper(data)) == []
    with start_collector(data) as collector:
        assert calls(collector) == 2


def test_a_restore_says_that_the_first_start_doubts_the_clock(tmp_path: Path) -> None:
    data, backup = tmp_path / "data", tmp_path / "backup"
    week_ago = datetime.now(UTC) - timedelta(days=7)
    with start_collector(data) as collector:
        give(collector, event(timestamp=week_ago.strftime("%Y-%m-%dT%H:%M:%SZ")))
        done(data, "backup", "--include-pepper", str(backup))
    shutil.rmtree(data)
    said = done(data, "restore", "--confirm", str(backup))
    assert "The next start raises the alarm retention_waiting and deletes nothing, because the clock says" in said
    assert "7 days ahead of the time that the collector knows of" in said
    assert "`footfall-collector retain --confirm`" in said
    with start_collector(data) as collector:
        assert alarms(collector) == ["retention_waiting"]
        done(data, "retain", "--confirm")
        assert alarms(collector) == []


def test_tokens_keys_and_links_come_back_unless_they_were_revoked_since(tmp_path: Path) -> None:
    data, backup = tmp_path / "data", tmp_path / "backup"
    with start_collector(data) as collector:
        give(collector, some_event())
        token = done(data, "tokens", "add", "grafana").strip()
        link = done(data, "links", "add", "--page", "tools", "board").split()[0]
        key = done(data, "keys", "add").split()[0]
        done(data, "backup", "--include-pepper", str(backup))
        done(data, "tokens", "revoke", "grafana")
        done(data, "links", "revoke", "board")
        done(data, "keys", "revoke", key)
    done(data, "restore", "--force", str(backup))
    elsewhere = tmp_path / "elsewhere"
    done(elsewhere, "restore", "--confirm", str(backup))
    for directory, good in ((elsewhere, True), (data, False)):
        assert (directory / "tokens.json").stat().st_mode & 0o777 == 0o600
        with start_collector(directory, {"FOOTFALL_SIGN_IN_SECRET": "correct horse battery"}) as restored:
            asked = ask(restored, "GET", "/api/charts/tool-usage", headers={"Authorization": f"Bearer {token}"})
            assert (asked.status == 200) is good
            assert ask(restored, "GET", link).status == (200 if good else 404)
            assert (post(restored, batch(some_event()).replace(TOKEN.encode(), key.encode())).status == 200) is good


def test_saved_segments_come_back_as_they_were(tmp_path: Path) -> None:
    data, backup = tmp_path / "data", tmp_path / "backup"
    save = ("segments", "save", "--where", "tool:is:query")
    with start_collector(data) as collector:
        give(collector, some_event())
        done(data, *save, "cursor")
        done(data, "backup", "--include-pepper", str(backup))
        done(data, *save, "newer")
    assert "1 saved segment" in done(data, "restore", "--force", str(backup))
    with start_collector(data) as restored:
        listed = ask(restored, "GET", "/api/segments").json["segments"]
        assert [(each["name"], each["where"]) for each in listed] == [("cursor", ["tool:is:query"])]
        assert ask(restored, "GET", "/api/charts/tool-usage?segment=cursor").status == 200
        assert "segments:" not in restored.output, "its copy fits"


def test_a_clickhouse_store_is_left_to_the_tools_of_that_database(tmp_path: Path) -> None:
    data, place = tmp_path / "data", str(tmp_path / "place")
    data.mkdir()
    for words in (["backup", place], ["restore", place], ["verify"], ["export", place]):
        said = refused(data, *words, prefix=["env", "FOOTFALL_STORE=clickhouse://nobody@127.0.0.1:1/footfall"])
        assert "the events are in a separate database: use that database's tools" in said
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_restore_without_pepper_says_what_to_do_and_with_it_the_collector_starts(lost: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert "The backup has no pepper. Put the file `pepper`" in done(data, "restore", "--confirm", str(lost / "backup"))
    assert "another pepper" in run(data, "verify").stderr
    shutil.copy(lost / "data" / "pepper", data / "pepper")
    with start_collector(data) as collector:
        assert calls(collector) == 5


def test_another_pepper_is_refused_before_anything_is_changed(lost: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    load_pepper(data)
    for backup, says in (("backup", "put the right one there"), ("whole", "remove it, and the backup's is taken")):
        assert says in refused(data, "restore", str(lost / backup))
        assert not (data / "store").exists()


def first_of(backup: Path) -> Path:
    return min((backup / "store").glob("events-*"))


def change(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (lambda backup: change(first_of(backup)), "is not what the backup's manifest says"),
        (lambda backup: cut(first_of(backup)), "is not what the backup's manifest says"),
        (lambda backup: first_of(backup).unlink(), "can't be read"),
        (lambda backup: (backup / "manifest.json").unlink(), "name the directory of a whole backup"),
        (lambda backup: (backup / "manifest.json").write_text("{}"), "is no manifest"),
    ],
    ids=["a bit changed", "a byte short", "a file gone", "no manifest", "another manifest"],
)
def test_a_damaged_backup_is_refused_and_the_directory_stays_empty(
    lost: Path, tmp_path: Path, harm: object, says: str
) -> None:
    shutil.copytree(lost / "whole", tmp_path / "backup")
    assert callable(harm)
    harm(tmp_path / "backup")
    assert says in refused(tmp_path / "data", "restore", str(tmp_path / "backup"))
    assert not (tmp_path / "data").exists()


def test_a_restore_without_enough_space_changes_nothing(lost: Path, tmp_path: Path) -> None:
    with disk(tmp_path / "disk", "size=24m") as small:
        data = small.path / "data"
        with start_collector(data, prefix=small.prefix) as collector:
            give(collector, some_event())
        (small.seen / "data" / "pepper").unlink()
        small.fill()
        before = contents(small.seen / "data")
        said = refused(data, "restore", "--force", "--confirm", str(lost / "whole"), prefix=small.prefix)
        assert "MiB free" in said or "No space left" in said
        assert contents(small.seen / "data") == before
        small.free()
        ran = run(data, "restore", "--force", "--confirm", str(lost / "whole"), prefix=small.prefix)
        assert ran.returncode == 0, ran.stderr
        with start_collector(data, prefix=small.prefix) as collector:
            assert calls(collector) == 5


def contents(data: Path) -> dict[str, bytes]:
    """Every file of a data directory, without the lock."""
    files = (path for path in data.rglob("*") if path.is_file() and path.name != "lock")
    return {path.relative_to(data).as_posix(): path.read_bytes() for path in files}


def test_a_restore_that_is_killed_changes_nothing_or_is_completed_by_the_next_start(lost: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(lost / "data", data)
    before = contents(data)
    command = begun(data, "restore", "--force", str(lost / "backup"))
    wait_for((data / "restore.partial" / "store").exists, "the restore to begin", 60)
    command.kill()
    command.communicate()
    assert {name: one for name, one in contents(data).items() if not name.startswith("restore.partial/")} == before
    # As if it had been killed between two moves of a decided restore.
    done(tmp_path / "other", "restore", "--confirm", str(lost / "whole"))
    (data / "restore.complete").mkdir()
    shutil.move(tmp_path / "other" / "store", data / "restore.complete" / "store")
    shutil.rmtree(data / "journal")
    shutil.move(tmp_path / "other" / "journal", data / "journal")
    with start_collector(data) as collector:
        assert calls(collector) == 5
    assert not list(data.glob("restore.*"))


def test_a_running_collector_is_not_overwritten(lost: Path, tmp_path: Path) -> None:
    with start_collector(tmp_path / "data") as collector:
        give(collector, some_event(distinct_id=STAYER))
        assert "another collector uses" in refused(tmp_path / "data", "restore", "--force", str(lost / "whole"))
        assert calls(collector) == 1


def test_a_missing_list_is_an_error_and_no_empty_list(lost: Path, tmp_path: Path) -> None:
    said = refused(tmp_path / "data", "restore", "--forgotten", str(tmp_path / "typo.json"), str(lost / "whole"))
    assert "is no file" in said
