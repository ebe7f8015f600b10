"""An operator's commands, in the running collector and while none runs."""

import json
import os
import socket
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from collector.tests.app.http import ask, counter, holds, post
from collector.tests.receive.shapes import batch, event
from footfall_collector.admit import load_pepper
from footfall_collector.admit.instance_hash import instance_of
from footfall_collector.runtime import ControlError, ControlSocket, NotRunningError, send_command
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.waiting import wait_for

LEAVER, STAYER = "cluster_" + "1" * 16, "cluster_" + "2" * 16


def command(data: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    whole = [sys.executable, "-m", "footfall_collector", arguments[0], "--data", str(data), *arguments[1:]]
    return subprocess.run(whole, capture_output=True, text=True, timeout=60, check=False)


AGED: dict[str, Any] = {"max_event_age_days": 60}
"""So that events can be of another month."""


def days_ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def fill(collector: CollectorProcess) -> None:
    """Three events of one instance, over two months, and two of another."""
    events = [event(distinct_id=LEAVER, timestamp=days_ago(n)) for n in (0, 20, 40)]
    events += [event(distinct_id=STAYER, timestamp=days_ago(n)) for n in (0, 45)]
    assert post(collector, batch(*events)).status == 200
    wait_for(lambda: counter(collector, "events_stored") == 5, "the events")


def usage(collector: CollectorProcess) -> list[list[Any]]:
    rows: list[list[Any]] = ask(collector, "GET", "/api/charts/tool-usage?range=90d").json["rows"]
    return rows


def test_forgetting_through_the_running_collector_deletes_everything_and_for_good(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with start_collector(data, **AGED) as collector:
        fill(collector)
        digest = instance_of(load_pepper(data), "dot-ai", LEAVER)[0]
        ran = command(data, "forget", LEAVER)
        assert (ran.returncode, ran.stdout) == (0, "3 events deleted; later ones of this instance are left out\n")
        assert usage(collector) == [["recommend", 2, 1, 1.0]]
        assert post(collector, batch(event(distinct_id=LEAVER), event(distinct_id=STAYER))).status == 200
        wait_for(lambda: counter(collector, "events_stored") == 6, "the event of the other instance")
        assert counter(collector, "events_forgotten") == 1
        assert usage(collector) == [["recommend", 3, 1, 1.0]]
    number = int(digest, 16).to_bytes(8, "little")
    assert holds(data, digest) == []
    assert not [path for path in (data / "store").glob("*.duckdb") if number in path.read_bytes()]


def test_without_a_running_collector_commands_work_on_the_directory(tmp_path: Path) -> None:
    data = tmp_path / "data"
    collector = start_collector(data, **AGED)
    fill(collector)
    # The journal of the killed process is loaded first.
    assert post(collector, batch(event(distinct_id=LEAVER))).status == 200
    collector.kill()
    assert command(data, "forget", LEAVER, "--product", "dot-ai").stdout.startswith("4 events deleted")
    assert command(data, "rebuild").stdout.startswith("all raw events counted again in ")
    with start_collector(data) as again:
        assert usage(again) == [["recommend", 2, 1, 1.0]]


def test_forget_names_a_damaged_month_that_may_have_events_of_the_instance(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with start_collector(data, **AGED) as collector:
        fill(collector)
    month = min((data / "store").glob("events-*.duckdb"))
    month.write_bytes(month.read_bytes()[:1000])
    ran = command(data, "forget", LEAVER)
    (copy,) = (data / "damaged").iterdir()
    assert f"{copy} is a damaged month that may have events of this instance: delete the file\n" in ran.stdout
    copy.unlink()
    assert "damaged" not in command(data, "forget", LEAVER).stdout


def test_forget_says_whether_the_instance_was_there(tmp_path: Path) -> None:
    ran = command(tmp_path, "forget", LEAVER)
    assert (ran.returncode, ran.stdout.startswith("no event of this instance is stored;")) == (0, True)
    assert "has not the form" not in ran.stdout
    ran = command(tmp_path, "forget", "banana")
    assert (ran.returncode, "'banana' has not the form of Footfall's IDs" in ran.stdout) == (0, True)


def test_a_mistyped_instance_is_taken_back_as_long_as_nothing_of_it_was_deleted(tmp_path: Path) -> None:
    data, taken_back = tmp_path / "data", "taken back: events of this instance are stored again from now on"
    data.mkdir()
    assert command(data, "forget", LEAVER).stdout.startswith("no event of this instance is stored")
    collector = start_collector(data, segment_seconds=3600)
    assert command(data, "forget", STAYER).stdout.startswith("no event of this instance is stored")
    assert command(data, "forget", "--undo", STAYER).stdout.startswith(taken_back)
    assert post(collector, batch(event(distinct_id=STAYER), event(distinct_id=LEAVER))).status == 200
    collector.kill()
    # The events are in the journal; a load before the undo would leave them out.
    ran = command(data, "forget", "--undo", LEAVER)
    assert (ran.returncode, ran.stdout.startswith(taken_back)) == (0, True), ran.stderr
    ran = command(data, "forget", "--undo", LEAVER)
    assert (ran.returncode, "is not forgotten, so there is nothing to take back" in ran.stderr) == (1, True)
    with start_collector(data) as collector:
        wait_for(lambda: usage(collector) == [["recommend", 2, 2, 1.0]], "both events")
    assert command(data, "forget", LEAVER).stdout.startswith("1 event deleted")
    ran = command(data, "forget", "--undo", LEAVER)
    assert (ran.returncode, "deleted 1 event, so it can't be taken back" in ran.stderr) == (1, True)


def test_an_instance_of_another_sdk_can_be_forgotten(tmp_path: Path) -> None:
    with start_collector(tmp_path / "data") as collector:
        assert post(collector, batch(event(distinct_id="banana"))).status == 200
        wait_for(lambda: counter(collector, "events_stored") == 1, "the event")
        ran = command(tmp_path / "data", "forget", "banana")
    assert (ran.returncode, ran.stdout) == (0, "1 event deleted; later ones of this instance are left out\n")


OLD = (datetime.now(UTC) - timedelta(days=45)).strftime("events-%Y-%m.duckdb")


def months(data: Path) -> set[str]:
    return {path.name for path in (data / "store").glob("events-*.duckdb")}


def test_old_months_are_deleted_by_command(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with start_collector(data, **AGED) as collector:
        fill(collector)
        assert command(data, "retain", "--days", "365").stdout == "nothing is old enough\n"
        assert OLD in months(data)
        ran = command(data, "retain", "--days", "2", "--confirm")
        assert (ran.returncode, OLD[7:14] in ran.stdout, OLD in months(data)) == (0, True, False)
        assert sum(row[1] for row in usage(collector)) < 5


def test_old_months_are_deleted_by_the_collector_itself(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with start_collector(data, **AGED) as collector:
        assert post(collector, batch(event(timestamp=days_ago(45)), event())).status == 200
        wait_for(lambda: counter(collector, "events_stored") == 2, "the events")
    assert OLD in months(data)
    with start_collector(data, retention_days=2) as collector:
        wait_for(lambda: OLD not in months(data), "the old month to go")
        wait_for(lambda: sum(row[1] for row in usage(collector)) == 1, "the charts without it")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("forget", "x" * 201), "write the instance ID as"),
        (
            ("forget", LEAVER, "--product", "nothing"),
            "--product nothing: no such product; known are dot-ai. Add [products.nothing] to",
        ),
        (("retain", "--days", "0"), "--days must be at least 1"),
    ],
)
def test_a_refusal_is_one_sentence_with_and_without_a_collector(
    shared: CollectorProcess, tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    for data in (shared.data_dir, tmp_path):
        ran = command(data, *arguments)
        assert (ran.returncode, says in ran.stderr, "Traceback" in ran.stderr) == (1, True, False)


def test_a_missing_directory_is_not_made(tmp_path: Path) -> None:
    ran = command(tmp_path / "nowhere", "forget", LEAVER)
    assert (ran.returncode, "check --data" in ran.stderr) == (1, True)
    assert not (tmp_path / "nowhere").exists()


def test_the_socket_is_private_to_its_user_and_is_removed_at_the_end(tmp_path: Path) -> None:
    with start_collector(tmp_path / "data"):
        mode = os.stat(tmp_path / "data" / "control.sock").st_mode
        assert stat.S_ISSOCK(mode)
        assert stat.S_IMODE(mode) == 0o600
    assert not (tmp_path / "data" / "control.sock").exists()


def test_a_socket_that_a_killed_collector_left_is_replaced(tmp_path: Path) -> None:
    collector = start_collector(tmp_path / "data")
    collector.kill()
    assert (tmp_path / "data" / "control.sock").exists()
    with pytest.raises(NotRunningError):
        send_command(tmp_path / "data", "rebuild", {})
    with start_collector(tmp_path / "data"):
        assert send_command(tmp_path / "data", "retain", {})["due"] == []


def refuse() -> None:
    raise ControlError("not today")


def test_the_socket_works_below_a_long_path_and_refuses_what_is_no_command(tmp_path: Path) -> None:
    data = tmp_path / ("d" * 120)
    data.mkdir()
    control = ControlSocket(data, {"add": lambda one, other=1: one + other, "refuse": refuse})
    control.start()
    try:
        assert send_command(data, "add", {"one": 2}) == 3
        for name, arguments, says in (
            ("refuse", {}, "not today"),
            ("nothing", {}, "doesn't know this command"),
            ("add", {"three": 3}, "has other arguments"),
        ):
            with pytest.raises(ControlError, match=says):
                send_command(data, name, arguments)
        for noise in (b"\n", b"{\n", b"[]\n", b'{"command":1}\n', b"x" * 70_000 + b"\n"):
            assert "not one of this version" in reply_to(data, noise)["error"]
        with socket.socket(socket.AF_UNIX) as silent:
            silent.connect(socket_path(data))
        assert send_command(data, "add", {"one": 2, "other": 5}) == 7
    finally:
        control.stop()
    assert "footfall-control" not in {thread.name for thread in threading.enumerate()}


def socket_path(data: Path) -> str:
    return f"/proc/self/fd/{os.open(data, os.O_RDONLY)}/control.sock"


def reply_to(data: Path, line: bytes) -> dict[str, str]:
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(socket_path(data))
        peer.sendall(line)
        answer: dict[str, str] = json.loads(peer.makefile().readline())
        return answer
