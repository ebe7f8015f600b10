"""Every test that a document names as the proof of a sentence exists under that name."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

NAMED = re.compile(r"`((?:client|collector|deploy|examples|tests)/[\w/]*test_\w+\.py)(?:::(test_\w+))?`")
PAGES = sorted({*ROOT.glob("docs/*.md"), *ROOT.glob("*.md")} - {ROOT / "CONTRIBUTING.md"})
"""The recipes of CONTRIBUTING.md name tests that they add, and are carried out by a test of their own."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_named_test_exists(page: Path) -> None:
    for path, name in NAMED.findall(page.read_text("utf-8")):
        file = ROOT / path
        assert file.is_file(), f"{path} does not exist"
        assert not name or f"def {name}(" in file.read_text("utf-8"), f"{path} has no {name}"


def test_every_difference_to_the_typescript_server_names_its_test() -> None:
    text = (ROOT / "docs/typescript.md").read_text("utf-8").partition("## Remaining differences")[2]
    rows = [line for line in text.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 10
    assert [row for row in rows if not NAMED.search(row)] == []
