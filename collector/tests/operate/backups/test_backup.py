"""A backup of a running collector is complete, or there is none."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from client.tests.faults.disk import disk
from collector.tests.app.http import post
from collector.tests.durability.senders import Fleet
from collector.tests.operate.commands import Stopped, begun, calls, done, give, refused, some_event, stored
from collector.tests.receive.shapes import batch
from footfall_collector.runtime import ControlError, send_command
from tests.support.collector_process import start_collector
from tests.support.waiting import wait_for

pytestmark = pytest.mark.timeout(300)


def test_a_backup_under_load_has_every_event_that_was_acknowledged_before_it_once(tmp_path: Path) -> None:
    data, fleet = tmp_path / "data", Fleet(tmp_path / "ledger", seed=1)
    with start_collector(data) as collector:
        fleet.open(collector.port, None)
        for number in range(2):
            wait_for(lambda batches=20 * (number + 1): fleet.batches > batches, "some batches", 60)
            before = set(fleet.acknowledged())
            said = done(data, "backup", str(tmp_path / f"backup-{number}"), "--include-pepper")
            assert "events and the journal" in said
            assert fleet.port == collector.port, "a sender met an error"
            again = tmp_path / f"again-{number}"
            done(again, "restore", "--confirm", str(tmp_path / f"backup-{number}"))
            kept = stored(again)
            assert before <= kept.keys()
            assert set(kept.values()) == {1}
        fleet.finish()
    assert f"counts of dot-ai: {len(kept)}, raw events: {len(kept)}" in done(again, "verify")
    with start_collector(again) as restored:
        assert calls(restored) == len(kept)


def test_while_the_store_is_held_events_are_acknowledged_and_charts_answered(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path / "ledger", seed=2)
    with start_collector(tmp_path / "data") as collector:
        give(collector, some_event())
        fleet.open(collector.port, None)

        def look(progress: dict[str, object]) -> None:
            before = fleet.batches
            wait_for(lambda: fleet.batches > before + 20, "batches while it is held", 60)
            assert calls(collector) >= 1

        assert send_command(tmp_path / "data", "hold", {}, on_progress=look)["seconds"] > 0
        fleet.shut()
        sent = len(fleet.acknowledged()) + 1
        wait_for(lambda: calls(collector) == sent, "what waited in the journal", 60)
        fleet.open(collector.port, None)
        fleet.finish()


def test_the_manifest_lists_every_file_and_the_pepper_is_not_among_them(tmp_path: Path) -> None:
    data, target = tmp_path / "data", tmp_path / "backup"
    with start_collector(data) as collector:
        give(collector, some_event(), some_event())
        assert "the pepper" in done(data, "backup", str(target))
    manifest = json.loads((target / "manifest.json").read_text())
    files = {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()}
    assert {file["path"] for file in manifest["files"]} == files - {"manifest.json"}
    assert (manifest["events"], manifest["pepper_included"]) == (2, False)
    pepper = (data / "pepper").read_bytes().strip()
    assert not [path for path in target.rglob("*") if path.is_file() and pepper in path.read_bytes()]


def test_without_a_collector_the_journal_of_a_killed_one_is_in_the_backup(tmp_path: Path) -> None:
    data = tmp_path / "data"
    collector = start_collector(data, segment_seconds=3600)
    names = [some_event() for _ in range(3)]
    assert post(collector, batch(*names)).status == 200
    collector.kill()
    done(data, "backup", str(tmp_path / "backup"), "--include-pepper")
    done(tmp_path / "again", "restore", "--confirm", str(tmp_path / "backup"))
    assert set(stored(tmp_path / "again")) == {name["uuid"] for name in names}


def test_a_backup_that_is_killed_leaves_no_backup_and_the_next_one_works(tmp_path: Path) -> None:
    data, target = tmp_path / "data", tmp_path / "backup"
    with start_collector(data) as collector:
        give(collector, some_event())
        with Stopped(collector):
            command = begun(data, "backup", str(target))
            wait_for((tmp_path / "backup.partial" / "store").exists, "the backup to begin")
            command.kill()
            command.communicate()
        assert (target.exists(), (tmp_path / "backup.partial").exists()) == (False, True)
        # The store is released.
        give(collector, some_event())
        done(data, "backup", str(target))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup", "data"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_backup_fails_and_leaves_nothing_where_the_collector_ends_during_it(tmp_path: Path, number: int) -> None:
    data, target = tmp_path / "data", tmp_path / "backup"
    collector = start_collector(data)
    give(collector, some_event())
    with Stopped(collector):
        command = begun(data, "backup", str(target))
        wait_for((tmp_path / "backup.partial" / "store").exists, "the backup to begin")
        collector.process.send_signal(number)
    _, said = command.communicate(timeout=60)
    if number == signal.SIGKILL:
        assert (command.returncode, target.exists()) == (1, False), said
    assert not (tmp_path / "backup.partial").exists()
    assert "Traceback" not in said + collector.output
    collector.stop()


def give_up(progress: dict[str, object]) -> None:
    raise KeyboardInterrupt


def test_a_stop_does_not_wait_for_a_backup_that_holds_the_store(tmp_path: Path) -> None:
    collector = start_collector(tmp_path / "data")

    def stop(progress: dict[str, object]) -> None:
        collector.process.send_signal(signal.SIGTERM)
        collector.process.wait(15)

    with pytest.raises(ControlError, match=r"is stopping|went away"):
        send_command(tmp_path / "data", "hold", {}, on_progress=stop)
    assert collector.stop() == 0


def test_a_backup_that_gives_up_releases_the_store(tmp_path: Path) -> None:
    with start_collector(tmp_path / "data") as collector:
        with pytest.raises(KeyboardInterrupt):
            send_command(tmp_path / "data", "hold", {}, on_progress=give_up)
        give(collector, some_event())


def test_without_disk_space_there_is_no_backup_and_nothing_is_left(tmp_path: Path) -> None:
    with disk(tmp_path / "disk", "size=1m") as small, start_collector(tmp_path / "data") as collector:
        give(collector, some_event())
        said = refused(tmp_path / "data", "backup", str(small.path / "backup"), prefix=small.prefix)
        assert "MiB free" in said or "No space left" in said
        assert list(small.seen.iterdir()) == []


def test_a_backup_is_not_made_where_it_would_be_lost_or_overwrite_something(tmp_path: Path, shared_dir: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "other.partial").mkdir()
    for target, says in (
        (shared_dir / "inside", "would be lost with it"),
        (tmp_path / "taken", "exists; choose another name"),
        (tmp_path / "other", "is not ours"),
    ):
        assert says in refused(shared_dir, "backup", str(target))
    assert "check --data" in refused(tmp_path / "nowhere", "backup", str(tmp_path / "backup"))


def test_every_command_shows_an_example() -> None:
    for name in ("forget", "rebuild", "retain", "backup", "restore", "verify", "export"):
        shown = subprocess.run(run_help(name), capture_output=True, text=True, check=True).stdout
        assert f"example:\n  footfall-collector {name} --data" in shown


def run_help(name: str) -> list[str]:
    return [sys.executable, "-m", "footfall_collector", name, "--help"]
