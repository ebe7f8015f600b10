"""A data directory can have any name; one that DuckDB can't open is refused in a sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from collector.tests.receive.shapes import event
from collector.tests.store.fill_store import admitted, journal, loader_of, open_store
from footfall_collector.store import EventSelection, StoreError
from tests.oracle.fleet import stamp

NOVEMBER = 1_793_491_200  # 2026-11-01T00:00:00Z
NAMES = (
    "it's \"quoted\"", "back\\slash", "[a-z]*{b}", "%41#$HOME", "trailing ", "new\nline", "-dash", "ünï", ":memory:",
    "x" * 200, os.fsdecode(b"latin-\xe9"),
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_the_store_works_in_a_directory_of_any_name(tmp_path: Path, name: str) -> None:
    data = tmp_path / name
    journal(data, [admitted([event(timestamp=stamp(NOVEMBER - 50))], NOVEMBER, None)])
    store = open_store(data)
    loader = loader_of(data, store)
    assert loader.run_once() == 1
    loader.checkpoint()
    assert store.export("2026-10", ("dot-ai", 0, NOVEMBER), data / "events.parquet") == 1
    assert (data / "events.parquet").stat().st_size
    store.close()
    store = open_store(data)
    assert store.query("SELECT sum(n)::BIGINT FROM event_counts", EventSelection("dot-ai", 0, 1 << 40)) == [(1,)]
    store.close()


@pytest.mark.parametrize("linked", [False, True])
def test_a_question_mark_is_refused_in_a_sentence(tmp_path: Path, linked: bool) -> None:
    data = tmp_path / "what?"
    if linked:
        data.mkdir()
        link = tmp_path / "link"
        link.symlink_to(data)
        data = link
    with pytest.raises(StoreError, match="choose another --data"):
        open_store(data)


def test_commands_name_a_directory_whose_name_is_no_text(tmp_path: Path) -> None:
    data = os.fsencode(tmp_path) + b"/latin-\xe9"
    command = [sys.executable, "-m", "footfall_collector"]
    for words in ([b"keys", b"add", b"--data", data], [b"verify", b"--data", data], [b"rebuild", b"--data", data]):
        ran = subprocess.run(
            [*command, *words, *([b"--product", b"dot-ai"] if words[0] == b"keys" else [])],
            capture_output=True,
            check=False,
            env={**os.environ, "PYTHONIOENCODING": "utf-8:strict"},
        )
        assert (ran.returncode, b"Traceback" in ran.stderr) == (0, False), ran.stderr
