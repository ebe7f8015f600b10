"""Every pinned version is in the list of those that somebody looked at.

`python scripts/check/pins.py` after a look at the advisories writes the list anew, with today's date.
"""

import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

LIST = "dependencies.txt"
LOOK_DAYS = 120
"""After so long a look is old: a warning, since a calendar must not turn a green commit red."""
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)", re.MULTILINE)
_HEAD = "# The pinned versions at the last look, of {day}. SECURITY.md says what a look is.\n"
_LOOKED = re.compile(r"last look, of (\d{4}-\d\d-\d\d)")


def pins(root: Path) -> set[str]:
    """`pypi name==version` and `npm name==version` of everything that is pinned."""
    found = set()
    for path in [*root.glob("requirements*.txt"), *root.glob("deploy/images/*.txt")]:
        found |= {f"pypi {name}=={version}" for name, version in _PIN.findall(path.read_text(encoding="utf-8"))}
    for path in root.glob("**/package-lock.json"):
        if "node_modules" not in path.parts:
            packages = json.loads(path.read_text(encoding="utf-8"))["packages"]
            names = ((name.rpartition("node_modules/")[2], each.get("version")) for name, each in packages.items())
            found |= {f"npm {name}=={version}" for name, version in names if name and version}
    return found


def looked_at(root: Path) -> Iterator[str]:
    """A pin that is not in the list is a breach; an old list is a warning."""
    text = (root / LIST).read_text(encoding="utf-8")
    age = (datetime.now(UTC).date() - date.fromisoformat(_LOOKED.findall(text)[0])).days
    if age > LOOK_DAYS:
        print(f"{LIST}: the last look is {age} days old; look again, as SECURITY.md says", file=sys.stderr)
    for pin in sorted(pins(root) - set(text.splitlines())):
        yield f"{LIST}: {pin} is pinned and nobody looked at it; look, then run python scripts/check/pins.py"


def write(root: Path) -> None:
    """Write the list with today's date."""
    head = _HEAD.format(day=datetime.now(UTC).date().isoformat())
    (root / LIST).write_text(head + "".join(f"{pin}\n" for pin in sorted(pins(root))), encoding="utf-8")


if __name__ == "__main__":
    write(Path(__file__).resolve().parents[2])
