"""The documents' code blocks, and the comments above them that say how each is run.

A comment `<!-- run: … -->` above a block says what its reader has and a test must be given:

    background="words"   leave it running for the rest of the page, once it has printed these words
    file=NAME            the block is this file; later blocks of the page find it
    given=NAME           run `tests/docs/given/NAME` before it, in the same shell: what the reader has already
    by=PATH              this test runs it, because it needs minutes or the package registries
    needs="a cluster"    it can't be run without one; CI lists these
    fails                it shows a failure: the command ends with another code than 0

The words of recipes are explained in `tests/docs/recipes.py`.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(
    r"^(?:<!-- run: (?P<how>.*?) -->\n+)?```(?P<language>\w+)[^\n]*\n(?P<text>.*?)^```", re.MULTILINE | re.DOTALL
)
WORDS = (
    "background",
    "file",
    "given",
    "by",
    "needs",
    "fails",
    "creates",
    "edit",
    "after",
    "before",
    "instead",
    "until",
)
RUN = ("console", "python")
PARSED = ("yaml", "toml", "json")


@dataclass(frozen=True)
class Block:
    """One code block: where it is, its language, its text, and the words of the comment above it."""

    page: str
    line: int
    language: str
    text: str
    how: dict[str, str]

    @property
    def place(self) -> str:
        """Where a reader finds it."""
        return f"{self.page}:{self.line}"


def pages() -> list[Path]:
    """Every document that people read."""
    patterns = ("*.md", "docs/*.md", "*/README.md", "deploy/**/README.md", "examples/**/README.md")
    found = {path for pattern in patterns for path in ROOT.glob(pattern) if "node_modules" not in path.parts}
    return sorted(found)


def blocks_of(page: Path) -> Iterator[Block]:
    """The code blocks of a page, in order. Raises ValueError where a comment has a word that nothing reads."""
    text = page.read_text("utf-8")
    name = page.relative_to(ROOT).as_posix()
    for match in _BLOCK.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        how = dict(_word(part) for part in shlex.split(match["how"] or ""))
        unknown = how.keys() - set(WORDS)
        if unknown:
            raise ValueError(f"{name}:{line}: `run:` does not know {', '.join(sorted(unknown))}")
        yield Block(name, line, match["language"], match["text"], how)


def _word(part: str) -> tuple[str, str]:
    key, _, value = part.partition("=")
    return key, value
