"""Write, or check, every document that derives from the catalogue, the settings, the charts' values, measurements.

python scripts/generate            write what has changed
python scripts/generate --check    write nothing; exit 1 and name what is stale
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # a folder run as a program knows only itself

from scripts.generate.outputs import documents, stale, write  # noqa: E402 - the line above makes it importable


def main(arguments: list[str]) -> int:
    """Run with the command line's arguments; the result is the exit code."""
    if arguments not in ([], ["--check"]):
        print(f"usage: python scripts/generate [--check], not {' '.join(arguments)}", file=sys.stderr)
        return 2
    made = documents(ROOT)
    behind = stale(ROOT, made)
    if arguments:
        for path in behind:
            print(f"{path} is stale: run `make generate` and commit the result", file=sys.stderr)
        return 1 if behind else 0
    write(ROOT, {path: made[path] for path in behind})
    for path in behind:
        print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
