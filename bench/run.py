"""Every measurement, one after the other.

python bench/run.py                     all of them, over an hour; writes bench/RESULTS.md
python bench/run.py --only client       those whose names begin so
python bench/run.py --keep DIR          keeps the stores in DIR, and takes those that are there
python bench/run.py --list              their names

What asks a filled store needs one: from the measurement of the store in the same run, or in `--keep`.

Exit code 1 if one of them fails; the others still run.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
NAMES = (
    "price",
    "stages",
    "client/client_costs",
    "client/client_losses",
    "client/tool_call_overhead",
    "store/store",
    "store/questions",
    "store/readers",
    "collector/ingest",
    "collector/peers",
    "collector/attack",
    "collector/causes",
    "collector/differences",
    "collector/alerts",
)


STORE, ASKED, SIZE = "store/store", ("store/questions", "store/readers"), "100m"
"""What fills stores, and what asks the one of that size."""


def main() -> int:
    """Run what was asked for; 0 where all of it succeeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="the beginning of a name")
    parser.add_argument("--list", action="store_true", help="print the names and run nothing")
    parser.add_argument("--keep", type=Path, help="directory for the stores")
    arguments = parser.parse_args()
    chosen = [name for name in NAMES if name.startswith(arguments.only)]
    if arguments.list:
        print("\n".join(chosen))
        return 0
    if not chosen:
        parser.error(f"no measurement begins with {arguments.only!r}; there are {', '.join(NAMES)}")
    keep = arguments.keep.resolve() if arguments.keep else None
    if set(chosen) & set(ASKED) and STORE not in chosen and not (keep and (keep / SIZE).is_dir()):
        parser.error(f"{', '.join(ASKED)} ask a store of `python bench/{STORE}.py --keep DIR`: give its DIR as --keep")
    if keep:
        return run(chosen, keep)
    scratch = HERE.parent / ".artefacts"
    scratch.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch) as directory:
        return run(chosen, Path(directory))


def run(chosen: list[str], keep: Path) -> int:
    """Run measurements, with stores in `keep`; 1 where one failed."""
    failed = []
    for name in chosen:
        began = time.monotonic()
        print(f"\n== {name}", file=sys.stderr, flush=True)
        command = [sys.executable, str(HERE / f"{name}.py"), *_options(name, keep)]
        code = subprocess.run(command, cwd=HERE.parent, check=False).returncode
        minutes = (time.monotonic() - began) / 60
        print(
            f"{name}: {'done' if code == 0 else f'FAILED, exit code {code}'} after {minutes:.1f} min", file=sys.stderr
        )
        if code:
            failed.append(name)
    return 1 if failed else 0


def _options(name: str, keep: Path) -> list[str]:
    if name in ASKED:
        return ["--data", str(keep / SIZE), "--publish"]
    return ["--keep", str(keep)] if name == STORE else []


if __name__ == "__main__":
    sys.exit(main())
