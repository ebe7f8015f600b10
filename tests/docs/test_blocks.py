"""Every command and snippet in the documents runs exactly as written, page by page from top to bottom."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docs.pages import PARSED, ROOT, RUN, Block, blocks_of, pages
from tests.docs.shell import run, script_of

NEEDS = ("a cluster", "a container engine")
BLOCKS = {page: list(blocks_of(page)) for page in pages()}
EVERY = [block for blocks in BLOCKS.values() for block in blocks]


@pytest.mark.parametrize("page", [p for p, blocks in BLOCKS.items() if blocks], ids=lambda p: str(p.relative_to(ROOT)))
def test_a_page_works_from_top_to_bottom(page: Path, tmp_path: Path) -> None:
    ran = run(BLOCKS[page], tmp_path)
    assert ran.returncode == 0, f"{ran.stdout[-3000:]}\n{ran.stderr[-3000:]}"
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("block", [b for b in EVERY if b.language in PARSED], ids=lambda b: b.place)
def test_what_is_shown_as_data_is_data(block: Block) -> None:
    parse: dict[str, Callable[[str], Any]] = {
        "yaml": lambda text: list(yaml.safe_load_all(text)),
        "toml": tomllib.loads,
        "json": json.loads,
    }
    assert parse[block.language](block.text)


def test_a_block_that_nobody_runs_says_what_it_needs_or_which_test_runs_it(capsys: pytest.CaptureFixture[str]) -> None:
    left = [block for block in EVERY if block.language in RUN and "needs" in block.how]
    assert {block.how["needs"] for block in left} <= set(NEEDS)
    for block in EVERY:
        if "by" in block.how:
            path = ROOT / block.how["by"]
            assert path.is_dir() or "def test_" in path.read_text(), block.place
    with capsys.disabled():
        print("\ndocumented, and not run here:")
        for block in left:
            print(f"  {block.place}: needs {block.how['needs']}")


def test_every_block_has_a_language_that_is_run_or_read() -> None:
    known = {*RUN, *PARSED, "text", "sql", "nginx", "caddyfile", "haproxy"}
    assert [block.place for block in EVERY if block.language not in known] == []


def test_a_command_that_fails_fails_its_page(tmp_path: Path) -> None:
    wrong = Block("page", 1, "console", "footfall no-such-command\n", {})
    assert run([wrong], tmp_path).returncode != 0


def test_a_page_can_reach_nobody_outside(tmp_path: Path) -> None:
    asks = Block("page", 1, "python", "import socket\nsocket.create_connection(('192.0.2.1', 80), 5)\n", {})
    ran = run([asks], tmp_path)
    assert ran.returncode != 0
    assert "unreachable" in ran.stderr


def test_a_block_that_needs_something_is_left_out() -> None:
    block = Block("page", 1, "console", "kubectl get pods\n", {"needs": "a cluster"})
    assert "kubectl" not in script_of([block])
