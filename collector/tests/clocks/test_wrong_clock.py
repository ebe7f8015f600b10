"""A real collector whose clock is wrong deletes nothing, publishes nothing, and says so until an operator decides."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collector.tests.app.http import alarms, ask, post
from collector.tests.clocks.shifted_clock import DAY, YEARS_2, ShiftedClock
from collector.tests.operate.commands import LEAVER, STAYER, calls, give, stored
from collector.tests.receive.shapes import batch, event
from footfall_collector.admit import load_pepper
from footfall_collector.admit.instance_hash import instance_of
from footfall_collector.cli import main
from footfall_collector.runtime import send_command
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.waiting import wait_for

pytestmark = pytest.mark.timeout(300)
PUBLIC = {"public_products": "dot-ai"}


@pytest.fixture(scope="module")
def shared_clock(tmp_path_factory: pytest.TempPathFactory) -> ShiftedClock:
    return ShiftedClock(tmp_path_factory.mktemp("clock") / "clock")


@pytest.fixture
def clock(shared_clock: ShiftedClock) -> ShiftedClock:
    """The clock, right at first."""
    shared_clock.set(0)
    return shared_clock


def days_ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, shared_clock: ShiftedClock) -> Path:
    """A data directory with thirteen instances in two months, which a right clock stored."""
    data = tmp_path_factory.mktemp("filled") / "data"
    shared_clock.set(0)
    events = [event(distinct_id=f"cluster_{n:016x}", timestamp=days_ago(days)) for n in range(12) for days in (0, 45)]
    with start_collector(data, shared_clock.env, max_event_age_days=60) as collector:
        give(collector, *events, event(distinct_id=LEAVER, timestamp=days_ago(45)))
    return data


EVENTS = 25


@pytest.fixture
def data(tmp_path: Path, filled: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(filled, tmp_path / "data", ignore=shutil.ignore_patterns("*.sock")))


Command = Callable[..., tuple[int, str]]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command of the command line, which the running collector carries out; its exit code and its output."""

    def run(data: Path, *words: str) -> tuple[int, str]:
        code = main([words[0], "--data", str(data), *words[1:]])
        return code, capsys.readouterr().out

    return run


def doubts(data: Path) -> list[str]:
    """What keeps a pass of the running collector from removing months."""
    answer = send_command(data, "retain", {})
    assert bool(answer["doubts"]) != answer["done"]
    return list(answer["doubts"])


def sentence(collector: CollectorProcess) -> str:
    text: str = ask(collector, "GET", "/api/pages/health").json["answer"]
    return text


def housekeeping_done(collector: CollectorProcess) -> None:
    # A command runs after the first pass of the loader's thread.
    wait_for(lambda: "footfall_loader_current_timestamp" in ask(collector, "GET", "/metrics").text, "the loader")


@pytest.mark.parametrize("shift", [YEARS_2, -YEARS_2, 31 * DAY], ids=["+2 years", "-2 years", "+1 month"])
def test_a_start_with_a_wrong_clock_deletes_and_publishes_nothing_and_says_so(
    data: Path, clock: ShiftedClock, shift: int
) -> None:
    before = stored(data)
    clock.set(shift)
    with start_collector(data, clock.env, retention_days=60, trash_days=0, **PUBLIC) as collector:
        wait_for(lambda: "retention_waiting" in alarms(collector), "the alarm")
        assert doubts(data)[0].startswith("the clock says")
        assert "Old events are not deleted until you confirm it" in sentence(collector)
        published = {row[0] for row in ask(collector, "GET", "/public/dot-ai/data.json").json["rows"]}
        assert datetime.now(UTC).strftime("%Y-%m") not in published
    assert "clock: the clock says" in collector.output
    assert not list((data / "public").rglob(f"{datetime.now(UTC):%Y-%m}.json"))
    assert (stored(data), len(before)) == (before, EVENTS)
    if shift == YEARS_2:
        clock.set(0)
        with start_collector(data, clock.env, **PUBLIC) as collector:
            housekeeping_done(collector)
            assert (alarms(collector), calls(collector)) == ([], EVENTS)


def test_a_day_off_is_no_alarm(data: Path, clock: ShiftedClock) -> None:
    clock.set(DAY)
    with start_collector(data, clock.env | {"TZ": "Pacific/Kiritimati"}) as collector:
        housekeeping_done(collector)
        for seconds in (DAY, 0, -DAY):
            clock.set(seconds)
            assert (doubts(data), alarms(collector)) == ([], [])
    assert len(stored(data)) == EVENTS


def test_a_clock_that_jumps_while_running_and_a_mistaken_confirmation_lose_nothing(
    data: Path, clock: ShiftedClock, command: Command
) -> None:
    old = datetime.fromisoformat(days_ago(45)).strftime("%Y-%m")
    with start_collector(data, clock.env) as collector:
        clock.set(YEARS_2)
        assert "retention_waiting" in alarms(collector)
        code, said = command(data, "retain")
        assert (code, f"{old}  13 events  would go" in said) == (1, True), said
        assert "the pass waits: the clock says" in said
        assert "it would remove every month" in said
        assert (len(trash(data)), calls(collector)) == (0, 0)
        # A mistake: the months leave the charts, but not the disk.
        assert f"{old}  13 events  moved to the trash" in command(data, "retain", "--confirm")[1]
        assert (alarms(collector), len(trash(data))) == ([], 2)
        assert f"retention: {old} (13 events) moved to the trash until" in collector.output
        # `forget` reaches what is in the trash.
        digest = instance_of(load_pepper(data), "dot-ai", LEAVER)[0]
        number = int(digest, 16).to_bytes(8, "little")
        assert [path for path in trash(data) if number in path.read_bytes()]
        assert command(data, "forget", LEAVER)[1].startswith("1 event deleted")
        assert not [path for path in trash(data) if number in path.read_bytes()]
        clock.set(0)
        assert "days behind the time" in doubts(data)[0]
        assert send_command(data, "retain", {"confirm": True})["done"]
        assert command(data, "retain", "--restore", old) == (0, f"{old}: 12 events restored from the trash\n")
        send_command(data, "restore_month", {"month": datetime.now(UTC).strftime("%Y-%m")})
        assert calls(collector) == EVENTS - 1
        assert command(data, "verify")[0] == 0
    assert len(stored(data)) == EVENTS - 1
    assert trash(data) == []


def trash(data: Path) -> list[Path]:
    return sorted((data / "trash").glob("*.duckdb")) if (data / "trash").is_dir() else []


def test_events_that_a_wrong_clock_stamped_in_the_future_are_told_and_stay_reachable(
    tmp_path: Path, clock: ShiftedClock, command: Command
) -> None:
    data = tmp_path / "data"
    with start_collector(data, clock.env) as collector:
        give(collector, event(distinct_id=STAYER))
        clock.set(YEARS_2)
        newest = days_ago(-1000)
        sent = [event(distinct_id=STAYER, timestamp=newest) for _ in range(2)]
        assert post(collector, batch(*sent)).status == 200
        clock.set(0)
        wait_for(lambda: future_events(collector).startswith("2 from "), "the events to be told")
        ahead = (datetime.now(UTC) + timedelta(days=729)).strftime("%Y-%m-%d")
        until = (datetime.now(UTC) + timedelta(days=731)).strftime("%Y-%m-%d")
        rows = ask(collector, "GET", f"/api/charts/tool-usage?start={ahead}&end={until}").json["rows"]
        assert sum(row[1] for row in rows) == 2
        assert "2 events  stamped in the future by a wrong clock" in command(data, "retain")[1]


def future_events(collector: CollectorProcess) -> str:
    facts = {fact["id"]: fact["value"] for fact in ask(collector, "GET", "/api/health").json["facts"]}
    return str(facts.get("future", ""))
