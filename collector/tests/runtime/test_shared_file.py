"""A list of keys that something else than the collector changed is not accepted unnoticed."""

import logging
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from footfall_collector.receive import WriteKeyError, WriteKeys


def alter(path: Path) -> None:
    """Change a digit of a key; the file is still JSON."""
    path.write_text(path.read_text().replace("phc_1", "phc_2"))


def keys_of(data: Path) -> list[str]:
    return [key.key for key in WriteKeys(data).all()]


@pytest.mark.parametrize(("command", "keys"), [("head .*? > [^)]*", ["phc_1"]), ("rm .*", ["phc_2"])])
def test_an_altered_file_stops_the_start_and_both_commands_of_the_sentence_work(
    tmp_path: Path, command: str, keys: list[str]
) -> None:
    WriteKeys(tmp_path).add("dot-ai", "phc_1")
    alter(tmp_path / "keys.json")
    with pytest.raises(WriteKeyError, match="damaged, or changed by something else") as refused:
        WriteKeys(tmp_path)
    found = re.search(command, str(refused.value))
    assert found, refused.value
    subprocess.run(found[0], shell=True, check=True)
    assert keys_of(tmp_path) == keys


def test_a_running_collector_keeps_what_it_read_before_an_alteration_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    WriteKeys(tmp_path).add("dot-ai", "phc_1")
    running = WriteKeys(tmp_path)
    alter(tmp_path / "keys.json")
    with caplog.at_level(logging.ERROR):
        for _ in range(2):
            assert [key.key for key in running.all()] == ["phc_1"]
    assert caplog.text.count("what was read before still counts") == 1


def test_a_file_of_an_earlier_version_is_accepted_and_gets_a_checksum_by_the_next_change(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text('{"version": 1, "keys": [{"key": "phc_1", "product": "dot-ai", "added": ""}]}\n')
    assert keys_of(tmp_path) == ["phc_1"]
    WriteKeys(tmp_path).add("dot-ai", "phc_new")
    alter(path)
    with pytest.raises(WriteKeyError):
        WriteKeys(tmp_path)


def test_a_change_that_was_cut_short_before_its_copy_is_accepted(tmp_path: Path) -> None:
    WriteKeys(tmp_path).add("dot-ai", "phc_1")
    copy = tmp_path / "copies" / "keys.json"
    shutil.copyfile(copy, tmp_path / "earlier")
    WriteKeys(tmp_path).add("dot-ai", "phc_2")
    shutil.copyfile(tmp_path / "earlier", copy)
    assert keys_of(tmp_path) == ["phc_1", "phc_2"]
