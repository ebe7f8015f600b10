"""`bench/RESULTS.md`: a section for each measurement, replaced when it is made again; documents take tables from it.

A section stands between the lines `<!-- generated: bench NAME -->` and `<!-- end of bench NAME -->`. A document that
has these two lines gets the section's table between them, with the mark (M) at each figure: it was measured. Below it
stand the machine's yardsticks, by which figures of two machines can be compared, and the bars that were missed. A
measurement writes its documents; `make generate` writes all of them again from the results.
"""

import os
import platform
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "bench/RESULTS.md"
NOT_MEASURED = "not measured"
COMPUTED = ("store-capacity",)
"""Sections whose cells were computed from what others measured: documents don't mark them."""
_HEAD = """# Measurements

Each section is the last run of one command; `make bench` runs all of them. Absolute times depend on the machine,
ratios hold. A bar is a limit that the project sets itself; a section names each bar that it misses.
"""


@dataclass(frozen=True)
class Section:
    """One measurement's results.

    Attributes:
        name: of the section, lower-case words joined by `-`.
        command: what was typed, from the root of the repository.
        table: Markdown, for documents too.
        notes: paragraphs below the table: what was measured and how, which bars were kept or missed.
        versions: of what was measured, by name.
    """

    name: str
    title: str
    command: str
    table: str
    notes: Sequence[str] = ()
    versions: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """The section as it is written to the results."""
        # Only who measures needs it: documents are also refreshed where nothing but this file is.
        from bench.yardsticks import measured as measured_yardsticks

        made = datetime.now(UTC)
        said = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        where = (
            f"{made:%d %B %Y}, {os.cpu_count()} cores, {platform.system()} {platform.release().split('-')[0]}, "
            f"Python {platform.python_version()}, load average {os.getloadavg()[0]:.1f} at the end."
        )
        where += f"\n{measured_yardsticks(ROOT).sentence()}"
        head = f"## {self.title}\n\n`{self.command}`\n\n{where}" + (f"\nMeasured: {said}." if said else "")
        return "\n\n".join([head, self.table.strip(), *self.notes])


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table: the first column left, the others right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def marked(tables: str) -> str:
    """Tables with (M) at the end of every cell but those of the first row and column."""
    lines, in_body = [], False
    for line in tables.splitlines():
        if in_body and line.startswith("|"):
            first, *cells = line.strip("| ").split(" | ")
            said = (cell if cell == NOT_MEASURED else f"{cell} (M)" for cell in cells)
            lines.append(f"| {' | '.join([first, *said])} |")
        else:
            in_body = line.startswith("| ---")
            lines.append(line)
    return "\n".join(lines)


def versions(*distributions: str) -> dict[str, str]:
    """Versions of distributions installed here."""
    return {name: version(name) for name in distributions}


def publish(section: Section, documents: Sequence[Path] = (), results: Path = RESULTS, *, is_dry: bool = False) -> None:
    """Put a section into the results, in place of its last one, and its table into documents that ask for it.

    A dry one is printed only.
    """
    if is_dry:
        print(section.text())
        return
    text = results.read_text(encoding="utf-8") if results.exists() else _HEAD
    first, last = _marks(section.name)
    if first not in text:
        text = f"{text.rstrip()}\n\n{first}{last}"
    results.write_text(_between(text, first, last, section.text()), encoding="utf-8")
    for document in documents:
        shown = refreshed(document.read_text(encoding="utf-8"), results.read_text(encoding="utf-8"))
        document.write_text(shown, encoding="utf-8")
    print(f"{section.text()}\n\nwritten to {results.name}", file=sys.stderr)


def refreshed(document: str, results: str) -> str:
    """A document's text with the tables that the results have now.

    Raises:
        ValueError: the results lack a section that the document asks for, or a mark stands alone; the message names it.
    """
    for name in re.findall(r"^<!-- generated: bench (\S+) -->$", document, re.MULTILINE):
        first, last = _marks(name)
        _, _, section = results.partition(first)
        tables = re.search(r"^\|.*^\|[^\n]*$", section.partition(last)[0], re.MULTILINE | re.DOTALL)
        if tables is None:
            raise ValueError(f"{RESULTS.name} has no section {name} with a table: measure it, or take its marks out")
        section = section.partition(last)[0]
        shown = tables[0] if name in COMPUTED else marked(tables[0]) + _yardsticks(section)
        document = _between(document, first, last, shown + _missed(section))
    return document


def _yardsticks(section: str) -> str:
    line = re.search(r"^Of this machine: (.*)\.$", section, re.MULTILINE)
    return f"\n\nOf the machine that measured this: {line[1]} (M)." if line else ""


def _missed(section: str) -> str:
    bars = re.search(r"^Bars: (.*?)\.?$", section, re.MULTILINE)
    missed = [bar.replace(": MISSED", "") for bar in bars[1].split("; ") if "MISSED" in bar] if bars else []
    said = "Missed, of the bars that the project sets itself"
    return f"\n\n{said}: {'; '.join(missed)}." if missed else ""


def _marks(name: str) -> tuple[str, str]:
    return f"<!-- generated: bench {name} -->\n", f"<!-- end of bench {name} -->\n"


def _between(text: str, first: str, last: str, block: str) -> str:
    if text.count(first) != 1 or text.count(last) != 1 or text.index(first) > text.index(last):
        raise ValueError(f"expected one line {first.strip()} and, below it, one line {last.strip()}")
    before, rest = text.split(first)
    return f"{before}{first}\n{block.strip()}\n\n{last}{rest.split(last)[1]}"
