"""Every measurement, one after the other.

python bench/run.py                     all of them, about an hour; writes bench/RESULTS.md
python bench/run.py --only client       those whose names begin so
python bench/run.py --list              their names

Exit code 1 if one of them fails; the others still run.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
NAMES = (
    "client/client_costs",
    "client/client_losses",
    "client/tool_call_overhead",
    "store/store",
    "collector/ingest",
    "collector/attack",
    "collector/causes",
    "collector/alerts",
)


def main() -> int:
    """Run what was asked for; 0 where all of it succeeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="the beginning of a name")
    parser.add_argument("--list", action="store_true", help="print the names and run nothing")
    arguments = parser.parse_args()
    chosen = [name for name in NAMES if name.startswith(arguments.only)]
    if arguments.list:
        print("\n".join(chosen))
        return 0
    if not chosen:
        parser.error(f"no measurement begins with {arguments.only!r}; there are {', '.join(NAMES)}")
    failed = []
    for name in chosen:
        began = time.monotonic()
        print(f"\n== {name}", file=sys.stderr, flush=True)
        code = subprocess.run([sys.executable, str(HERE / f"{name}.py")], cwd=HERE.parent, check=False).returncode
        minutes = (time.monotonic() - began) / 60
        print(
            f"{name}: {'done' if code == 0 else f'FAILED, exit code {code}'} after {minutes:.1f} min", file=sys.stderr
        )
        if code:
            failed.append(name)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
