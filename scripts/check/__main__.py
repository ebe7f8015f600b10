"""Check the rules that neither ruff nor mypy nor import-linter knows: names, sizes, the packages' first lines.

python scripts/check            print each breach as `PLACE: PROBLEM; FIX`; exit 1 where there is one
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # a folder run as a program knows only itself

from scripts.check.names import defined_once, module_names, plain_names  # noqa: E402 - the line above makes it importable
from scripts.check.packages import first_lines, modules_enough  # noqa: E402
from scripts.check.pins import looked_at  # noqa: E402
from scripts.check.sizes import entries, file_lengths, function_lengths  # noqa: E402

RULES = (
    modules_enough,
    module_names,
    file_lengths,
    defined_once,
    plain_names,
    first_lines,
    entries,
    function_lengths,
    looked_at,
)


def main(arguments: list[str]) -> int:
    """Check this repository; the result is the exit code."""
    if arguments:
        print(f"usage: python scripts/check, without {' '.join(arguments)}", file=sys.stderr)
        return 2
    breaches = [breach for rule in RULES for breach in rule(ROOT)]
    for breach in breaches:
        print(breach, file=sys.stderr)
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
