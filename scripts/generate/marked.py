"""Generated blocks inside documents that people write, and JSON as it is committed."""

import json
from pathlib import Path
from typing import Any


def with_block(path: Path, name: str, block: str) -> str:
    """The text of a document with what stands between its two markers replaced by `block`.

    The markers are the lines `<!-- generated: NAME -->` and `<!-- end of NAME -->`.

    Raises:
        ValueError: the document lacks the markers, or has them more than once.
    """
    first, last = f"<!-- generated: {name} -->\n", f"<!-- end of {name} -->\n"
    text = path.read_text(encoding="utf-8")
    if text.count(first) != 1 or text.count(last) != 1 or text.index(first) > text.index(last):
        raise ValueError(f"{path} needs one line {first.strip()} and, below it, one line {last.strip()}")
    before, rest = text.split(first)
    _, after = rest.split(last)
    return f"{before}{first}\n{block.strip()}\n\n{last}{after}"


def as_json(value: Any) -> str:
    """JSON with an indent of two spaces and a line end."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
