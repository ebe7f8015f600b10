"""Output that nobody reads, or that can't be written, costs a sentence at most; log lines have UTC and its zone."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collector.tests.operate.commands import arguments, done
from tests.support.collector_process import start_collector
from tests.support.unread_pipe import interrupted

COMMANDS = [("tokens", "list"), ("annotations", "list"), ("doctor",), ("report",), ("report", "--format", "markdown")]

HELP = [sys.executable, "-m", "footfall_collector", "--help"]


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    data = tmp_path_factory.mktemp("used") / "data"
    with start_collector(data, query_seconds=300):
        done(data, "tokens", "add", "grafana")
        done(data, "annotations", "add", "caf\u00e9")
        yield data


def ended(data: Path, words: tuple[str, ...], output: int) -> "subprocess.CompletedProcess[bytes]":
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    ran = subprocess.run(
        arguments(data, *words), stdout=output, stderr=subprocess.PIPE, timeout=120, check=False, env=os.environ | plain
    )
    assert b"Traceback" not in ran.stderr
    assert b"Exception ignored" not in ran.stderr
    return ran


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_reader_that_leaves_is_no_error(used: Path, words: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ran = ended(used, words, writing)
    finally:
        os.close(writing)
    assert (ran.returncode, ran.stderr) == (0, b"")


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_output_that_can_not_be_written_is_one_sentence(used: Path, words: tuple[str, ...]) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        ran = ended(used, words, full)
    finally:
        os.close(full)
    assert ran.returncode == 1
    assert ran.stderr == (
        b"footfall-collector: the output can't be used (No space left on device); check the disk and its rights\n"
    )


@pytest.mark.parametrize("words", [*COMMANDS, ("--help",), ("alerts", "list")], ids=" ".join)
@pytest.mark.parametrize("closed", [">&-", ">&- 2>&- <&-"])
def test_a_closed_output_is_no_error(used: Path, words: tuple[str, ...], closed: str) -> None:
    command = HELP if words == ("--help",) else arguments(used, *words)
    ran = subprocess.run(["sh", "-c", f'"$@" {closed}', "sh", *command], capture_output=True, timeout=120, check=False)
    # The doctor finds that there is no write key.
    assert (ran.returncode, ran.stderr) == (int(words == ("doctor",)), b"")


def test_help_that_can_not_be_written_is_one_sentence() -> None:
    with open("/dev/full", "wb") as full:
        # Unbuffered, argparse ignores what it can't write.
        buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
        ran = subprocess.run(HELP, stdout=full, stderr=subprocess.PIPE, timeout=60, check=False, env=buffered)
    assert (ran.returncode, ran.stderr.count(b"\n")) == (1, 1)
    assert b"No space left on device" in ran.stderr


def test_text_of_utf8_bytes_is_stored_as_such_also_in_a_locale_of_ascii(used: Path) -> None:
    for text, code in (("na\u00efve".encode(), 0), (b"na\xefve", 2)):
        ran = ended(used, ("annotations", "add", os.fsdecode(text)), subprocess.DEVNULL)
        assert (ran.returncode, b"bytes that are not UTF-8" in ran.stderr) == (code, code == 2), ran.stderr
    assert "na\u00efve" in (used / "annotations.json").read_text("utf-8")


def test_a_terminal_of_ascii_gets_escapes(used: Path) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as shown:
        assert ended(used, ("annotations", "list"), writing).returncode == 0
        os.close(writing)
        assert b"caf\\xe9" in shown.read()


@pytest.mark.parametrize("zone", ["America/New_York", "UTC"])
def test_a_log_line_has_utc_and_its_zone(tmp_path: Path, zone: str) -> None:
    program = "import logging; from footfall_collector.runtime.logs import set_up_logging; set_up_logging(); "
    program += "logging.getLogger('x').info('y'); print(int(logging.time.time()))"
    ran = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | {"TZ": zone}, capture_output=True, text=True, check=True
    )
    line = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d{3}Z INFO x: y\n", ran.stderr)
    assert line

    logged = datetime.fromisoformat(line[1]).replace(tzinfo=UTC).timestamp()
    assert abs(logged - int(ran.stdout)) <= 2


@pytest.mark.parametrize("words", [("serve", "--help"), ("doctor",), ("report",)])
def test_ctrl_c_ends_a_command_whose_output_nobody_reads_with_one_word(used: Path, words: tuple[str, ...]) -> None:
    assert interrupted(arguments(used, *words)) == (130, b"footfall-collector: interrupted\n")
