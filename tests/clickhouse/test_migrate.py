"""`footfall-collector migrate`: charts are the same before and after, with any number of interruptions."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.clickhouse.answers import differences, queries
from tests.clickhouse.feeding import await_counted, batches, body, counted, post
from tests.clickhouse.rig.cluster import Cluster
from tests.dashboard.feeding import stored
from tests.oracle.fleet import Fleet, FleetEvent
from tests.oracle.truth import Truth
from tests.oracle.world import HOUR
from tests.support.collector_process import start_collector
from tests.support.waiting import wait_for

pytestmark = pytest.mark.timeout(300)
QUICK: dict[str, Any] = {"segment_seconds": 0.1, "max_event_age_days": 60}


@pytest.fixture
def database() -> str:
    return f"footfall_{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return Fleet(instances=12, days=32, seed=13, end=int(time.time()) // HOUR * HOUR)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, fleet: Fleet) -> Path:
    """A data directory with a DuckDB store of the fleet's events."""
    directory, bodies = tmp_path_factory.mktemp("filled") / "data", batches(fleet)
    with start_collector(directory, **QUICK) as collector:
        for content in bodies:
            assert post(collector.url, content)
        wait_for(lambda: stored(collector.url) >= sum(1 for _ in fleet.events()), "the fleet's events", 60)
    return directory


@pytest.fixture
def data(tmp_path: Path, filled: Path) -> Path:
    """A private copy of that directory. No collector runs on it."""
    # Without the socket, which can't be copied and has no listener.
    return Path(shutil.copytree(filled, tmp_path / "data", ignore=shutil.ignore_patterns("*.sock")))


def command(data: Path, to: str) -> list[str]:
    return [sys.executable, "-m", "footfall_collector", "migrate", "--data", str(data), "--to", to]


def surroundings() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("FOOTFALL_")}


def migrate(data: Path, to: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(data, to), capture_output=True, text=True, check=False, timeout=100, env=surroundings()
    )


@contextmanager
def migrating(data: Path, to: str) -> "Iterator[subprocess.Popen[str]]":
    process = subprocess.Popen(
        command(data, to), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=surroundings()
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def one_that_is_forgotten(fleet: Fleet) -> tuple[str, list[FleetEvent]]:
    """An instance of the fleet with some events, and all of them."""
    events = list(fleet.events())
    name = next(event.instance for event in events if event.instance.startswith("cluster_"))
    return name, [event for event in events if event.instance == name]


def test_charts_after_are_the_truth_as_before_and_who_was_forgotten_stays_so(
    cluster: Cluster, database: str, data: Path, fleet: Fleet
) -> None:
    name, gone = one_that_is_forgotten(fleet)
    forget = [sys.executable, "-m", "footfall_collector", "forget", "--data", str(data), name]
    assert subprocess.run(forget, check=False, capture_output=True, env=surroundings()).returncode == 0
    truth = Truth(event for event in fleet.events() if event.instance != name)
    left = sum(1 for _ in fleet.events()) - len(gone)
    to = cluster.url(database=database)
    done = migrate(data, to)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{left} events copied" in done.stdout
    with start_collector(data, store=to, **QUICK) as collector:
        assert differences(collector.url, fleet, truth, queries(fleet)[:1]) == []
        # Late retries of copied and of forgotten events change nothing; a new event counts.
        again = [event for event in fleet.events() if event.instance != name][:100]
        assert post(collector.url, body(again))
        assert post(collector.url, body(gone[:50]))
        new = next(Fleet(1, 2, 99, fleet.end).events())
        assert post(collector.url, body([new]))
        await_counted(collector.url, left + 1)
    # A second run copies nothing: all source events are there, and the collector's own events are not in the source.
    done = migrate(data, to)
    assert (done.returncode, "\n0 events copied" in done.stdout) == (0, True), done.stdout + done.stderr


def test_killed_in_the_middle_and_started_again_it_ends_right(
    cluster: Cluster, database: str, data: Path, fleet: Fleet
) -> None:
    to, events = cluster.url(database=database), sum(1 for _ in fleet.events())
    for lines in (3, 12):
        with migrating(data, to) as process:
            assert process.stdout is not None
            for _ in range(lines):
                assert process.stdout.readline()
    copied = cluster.ask(f"SELECT count() FROM {database}.events")[0][0]
    assert 0 < copied < events
    # A collector that runs between the two copies counts the first part; the second part counts after the next copy.
    with start_collector(data, store=to, **QUICK) as collector:
        wait_for(lambda: 0 < counted(collector.url) < events, "the first part")
    done = migrate(data, to)
    assert done.returncode == 0, done.stdout + done.stderr
    with start_collector(data, store=to, **QUICK) as collector:
        assert counted(collector.url) == events
        assert differences(collector.url, fleet, Truth(fleet.events()), queries(fleet)[:1]) == []


def test_a_value_that_differs_and_an_event_of_unknown_origin_are_told_by_month_and_product(
    cluster: Cluster, database: str, data: Path
) -> None:
    to = cluster.url(database=database)
    assert migrate(data, to).returncode == 0
    [*_, (victim, month)] = cluster.ask(
        f"SELECT toString(uuid), toYYYYMM(toDate(day)) FROM {database}.events WHERE event = 'tool_executed' ORDER BY ts"
    )
    # The comparison is symmetric, and the DuckDB side is easier to change.
    name = f"{month // 100}-{month % 100:02d}"
    with duckdb.connect(str(data / "store" / f"events-{name}.duckdb")) as file:
        file.execute("UPDATE events SET duration_ms = duration_ms + 1 WHERE uuid = $victim", {"victim": victim})
    result = migrate(data, to)
    assert (result.returncode, "the copy differs" in result.stdout) == (1, True)
    assert f"{name} dot-ai: with other values: 1 events" in result.stderr
    with duckdb.connect(str(data / "store" / f"events-{name}.duckdb")) as file:
        file.execute("DELETE FROM events WHERE uuid = $victim", {"victim": victim})
    result = migrate(data, to)
    assert result.returncode == 1
    assert f"{name} dot-ai: unknown to the source: 1 events" in result.stderr


def test_what_was_lost_from_a_copy_is_copied_again(cluster: Cluster, database: str, data: Path, fleet: Fleet) -> None:
    to, events = cluster.url(database=database), sum(1 for _ in fleet.events())
    assert migrate(data, to).returncode == 0
    [(month,)] = cluster.ask(f"SELECT min(toYYYYMM(toDate(day))) FROM {database}.events")
    cluster.ask(f"ALTER TABLE {database}.events_local ON CLUSTER footfall DROP PARTITION {month}")
    wait_for(lambda: cluster.ask(f"SELECT count() FROM {database}.events")[0][0] < events, "the loss")
    assert migrate(data, to).returncode == 0
    with start_collector(data, store=to, **QUICK) as collector:
        assert differences(collector.url, fleet, Truth(fleet.events()), queries(fleet)[:1]) == []


def test_a_month_in_the_trash_is_named_with_the_commands_that_take_it_along(
    cluster: Cluster, database: str, data: Path, fleet: Fleet
) -> None:
    retain = [sys.executable, "-m", "footfall_collector", "retain", "--data", str(data)]
    subprocess.run([*retain, "--days", "1", "--confirm"], check=True, env=surroundings())
    trashed = [path.name[len("events-") :][:7] for path in (data / "trash").glob("*.duckdb")]
    to = cluster.url(database=database)
    first = migrate(data, to)
    assert (first.returncode, "copied\n" in first.stdout) == (1, False), first.stdout
    line = r"(\S+) \(\d+ events?\) is in the trash, which is not copied.*`footfall-collector (.*?)`"
    said = re.findall(line, first.stderr)
    assert sorted(month for month, _ in said) == sorted(trashed) != []
    for _, words in said:
        command_line = [sys.executable, "-m", "footfall_collector", *shlex.split(words)]
        subprocess.run(command_line, check=True, env=surroundings())
    second = migrate(data, to)
    assert second.returncode == 0, second.stderr
    with start_collector(data, store=to, **QUICK) as collector:
        assert differences(collector.url, fleet, Truth(fleet.events()), queries(fleet)[:1]) == []


def test_months_in_the_trash_are_left_behind_on_request(
    cluster: Cluster, database: str, data: Path, fleet: Fleet
) -> None:
    retain = [sys.executable, "-m", "footfall_collector", "retain", "--data", str(data)]
    subprocess.run([*retain, "--days", "1", "--confirm"], check=True, env=surroundings())
    done = subprocess.run(
        [*command(data, cluster.url(database=database)), "--leave-trash"], check=False, env=surroundings(), timeout=100
    )
    assert done.returncode == 0


def test_while_a_collector_runs_and_without_a_server_it_says_what_to_do(
    cluster: Cluster, database: str, tmp_path: Path
) -> None:
    to = cluster.url(database=database)
    with start_collector(tmp_path / "data"):
        refused = migrate(tmp_path / "data", to)
        assert (refused.returncode, "Traceback" in refused.stderr) == (1, False)
        assert "stop it" in refused.stderr
    nobody = migrate(tmp_path / "data", "clickhouse://default@127.0.0.1:1/footfall")
    assert (nobody.returncode, "Traceback" in nobody.stderr) == (1, False)
    assert "127.0.0.1:1" in nobody.stderr
    wrong = migrate(tmp_path / "data", "postgres://somewhere")
    assert (wrong.returncode, "clickhouse://" in wrong.stderr) == (1, True)
    assert migrate(tmp_path / "nothing", to).returncode == 1
