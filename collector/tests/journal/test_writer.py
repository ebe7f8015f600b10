"""`append` returns once the lines are on disk, and raises if they can't be written."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from footfall_collector.journal import Journal, JournalUnavailableError, with_checksum
from footfall_collector.runtime.status import Status
from tests.support.waiting import wait_for

LINE = with_checksum(b'{"event":"tool_executed"')


def segments(directory: Path) -> list[Path]:
    return sorted(directory.iterdir())


def contents(directory: Path) -> bytes:
    return b"".join(path.read_bytes() for path in segments(directory))


def test_many_appends_at_once_are_all_in_the_file_when_they_return(tmp_path: Path) -> None:
    journal = Journal(tmp_path, Status(), segment_seconds=60)
    journal.start()

    async def run() -> None:
        await asyncio.gather(*(journal.append(with_checksum(b'{"n":%d' % n)) for n in range(200)))

    asyncio.run(run())
    written = contents(tmp_path)
    journal.close()
    assert sorted(written.splitlines(True)) == sorted(with_checksum(b'{"n":%d' % n) for n in range(200))


class SteppedLoop(asyncio.SelectorEventLoop):
    """An event loop whose time stands still."""

    now = 100.0

    def time(self) -> float:
        return self.now


def test_a_group_that_follows_another_one_at_once_waits_for_more_lines(tmp_path: Path) -> None:
    journal = Journal(tmp_path, Status(), segment_seconds=60)
    journal.start()
    loop = SteppedLoop()

    async def run() -> None:
        await journal.append(LINE)
        later = [asyncio.ensure_future(journal.append(LINE)) for _ in range(2)]
        for _ in range(1000):
            await asyncio.sleep(0)
        assert contents(tmp_path) == LINE, "the second group waits"
        loop.now += 1.0
        await asyncio.gather(*later)
        assert contents(tmp_path) == 3 * LINE
        loop.now += 1.0
        await journal.append(LINE)

    loop.run_until_complete(run())
    loop.close()
    assert contents(tmp_path) == 4 * LINE
    journal.close()


def test_a_segment_is_closed_when_it_is_old_enough(tmp_path: Path) -> None:
    journal = Journal(tmp_path, Status(), segment_seconds=0.05)
    journal.start()
    asyncio.run(journal.append(LINE))
    wait_for(lambda: list(tmp_path.glob("*.jsonl")), what="a closed segment")
    journal.close()
    assert contents(tmp_path) == LINE


def test_a_segment_is_closed_when_it_is_large_enough(tmp_path: Path) -> None:
    journal = Journal(tmp_path, Status(), segment_seconds=60, segment_bytes=4 * len(LINE))
    journal.start()

    async def run() -> None:
        for _ in range(9):
            await journal.append(LINE)

    asyncio.run(run())
    journal.close()
    assert [path.read_bytes().count(b"\n") for path in sorted(tmp_path.glob("*.jsonl"))] == [4, 4, 1]


def test_after_closing_there_are_closed_segments_and_an_empty_live_one_only(tmp_path: Path) -> None:
    journal = Journal(tmp_path, Status(), segment_seconds=60)
    journal.start()
    asyncio.run(journal.append(LINE))
    journal.close()
    journal.close()
    assert [(path.suffix, path.stat().st_size) for path in segments(tmp_path)] == [
        (".jsonl", len(LINE)),
        (".open", 0),
    ]
    with pytest.raises(JournalUnavailableError):
        asyncio.run(journal.append(LINE))


FULL_DISK = """
import asyncio, resource, sys
from pathlib import Path
from footfall_collector.journal import Journal, JournalUnavailableError, with_checksum
from footfall_collector.runtime.status import Status

LINE = with_checksum(b'{"event":"tool_executed"')
status = Status()
journal = Journal(Path(sys.argv[1]), status, segment_seconds=60)
journal.start()

async def run():
    # A file can't grow past the limit: to the journal that is a disk without room, in the middle of a line.
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(LINE) * 2 + 7, resource.RLIM_INFINITY))
    outcomes = []
    for n in range(6):
        if n == 4:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        try:
            await journal.append(LINE)
            outcomes.append("ok")
        except JournalUnavailableError:
            outcomes.append("unavailable")
        outcomes.append(str(int(status.gauge("journal_failing"))))
    print(*outcomes)

asyncio.run(run())
journal.close()
"""


def test_a_full_disk_is_never_a_success_and_free_space_ends_the_failure(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)], capture_output=True, text=True, timeout=60, check=True
    )
    assert ran.stdout.split() == ["ok", "0", "ok", "0", "unavailable", "1", "unavailable", "1", "ok", "0", "ok", "0"]
    assert contents(tmp_path) == LINE * 4


def test_the_files_are_private(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal", Status())
    journal.start()
    journal.close()
    modes = [os.stat(path).st_mode & 0o777 for path in (tmp_path / "journal", *(tmp_path / "journal").iterdir())]
    modes.append(os.stat(tmp_path / "journal.counts").st_mode & 0o777)
    assert modes == [0o700, 0o600, 0o600]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_unexpected_error_raises_the_alarm_and_refuses_all_waiting_requests(tmp_path: Path) -> None:
    status = Status()
    journal = Journal(tmp_path, status)
    journal.start()

    async def run() -> None:
        not_bytes: Any = [LINE]
        for lines in (not_bytes, LINE):
            with pytest.raises(JournalUnavailableError):
                await asyncio.wait_for(journal.append(lines), 20)

    asyncio.run(run())
    assert status.gauge("journal_failing") == 1
    journal.close()
