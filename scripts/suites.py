"""Runs the test suites, each with a time budget, and prints what each took.

python scripts/suites.py            the quick ones (`make test`)
python scripts/suites.py --all      all of them (`make test-all`)
python scripts/suites.py client     one of them
"""

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BIN = os.path.dirname(sys.executable)
END_OF_RUN_SECONDS = 90 * 60
NO_TESTS = 5
"""pytest's exit code when it found nothing to run: a suite without tests is a mistake in this table."""


@dataclass(frozen=True)
class Suite:
    """One suite: commands that must all succeed. `budget` in minutes; the budgets sum to 40."""

    name: str
    budget: float
    commands: tuple[tuple[str, ...], ...]
    quick: bool = True
    environment: dict[str, str] = field(default_factory=dict)


def _pytest(*arguments: str, workers: int = 2) -> tuple[str, ...]:
    parallel = ("-n", str(workers)) if workers > 1 else ()
    return (sys.executable, "-m", "pytest", *parallel, *arguments)


def _tool(name: str, *arguments: str) -> tuple[str, ...]:
    return (os.path.join(BIN, name), *arguments)


TYPED = ("client", "collector", "examples", "deploy/tests", "tests", "scripts", "bench", "conftest.py")
"""Where types are checked: everything but what pyproject.toml excludes, with the reason."""

CHECK = Suite(
    "check",
    0.5,
    (
        _tool("ruff", "format", "--check", "--quiet", "."),
        _tool("ruff", "check", "--quiet", "."),
        _tool("mypy", "--no-error-summary", *TYPED),
        _tool("lint-imports", "--no-cache"),
        (sys.executable, "scripts/check"),
        (sys.executable, "scripts/generate", "--check"),
    ),
)
OWN_SUITES = ("fuzz", "durability", "store/clickhouse", "defence", "operate")
"""Folders of the collector's tests that have a suite of their own."""
CLIENT_SUITES = ("mcp", "faults")
"""The same of the client's."""


def _rest(folder: str, but: tuple[str, ...]) -> tuple[str, ...]:
    return _pytest(folder, *(f"--ignore={folder}/{name}" for name in but))


SUITES = (
    CHECK,
    Suite("client", 1.5, (_rest("client/tests", CLIENT_SUITES),)),
    Suite("mcp", 1.5, (_pytest("client/tests/mcp"),)),
    Suite("collector", 3, (_rest("collector/tests", OWN_SUITES),)),
    Suite("toolkit", 0.5, (_pytest("examples/toolkit/tests"),)),
    Suite("faults", 2.5, (_pytest("client/tests/faults"),), quick=False),
    Suite("defence", 2, (_pytest("collector/tests/defence", "collector/tests/operate"),), quick=False),
    Suite("durability", 1.5, (_pytest("collector/tests/durability"),), quick=False),
    Suite("deploy", 3, (_pytest("deploy/tests"),), quick=False),
    Suite("docs", 1, (_pytest("tests/docs"),), quick=False),
    Suite("kubernetes", 1, (_pytest("tests/kubernetes", workers=1),), quick=False),
    Suite(
        "clickhouse",
        4.5,
        (_pytest("collector/tests/store/clickhouse"), _pytest("tests/clickhouse", workers=1)),
        quick=False,
    ),
    Suite("system", 2.5, (_pytest("tests/system", "--dist=loadfile"),), quick=False),
    Suite("protocol", 2, (_pytest("collector/tests/fuzz", "tests/protocol"),), quick=False),
    Suite("privacy", 4, (_pytest("tests/privacy"),), quick=False),
    Suite("dashboard", 5, (_pytest("tests/dashboard", workers=1),), quick=False),
    Suite(
        "sdks",
        4,
        (
            (sys.executable, "scripts/setup/sdk_env.py"),
            _pytest("client/tests/mcp", "examples/servers", "tests/privacy/test_other_sdks.py"),
        ),
        quick=False,
        environment={"FOOTFALL_SDKS": "others"},
    ),
)


def run(suite: Suite, deadline: float) -> tuple[bool, float]:
    """Run one suite; whether all of it succeeded, and the seconds it took."""
    print(f"\n== {suite.name} (budget {suite.budget:g} min)", flush=True)
    began = time.monotonic()
    for command in suite.commands:
        left = deadline - time.monotonic()
        try:
            environment = {**os.environ, **suite.environment}
            code = subprocess.run(command, cwd=ROOT, env=environment, timeout=max(1.0, left), check=False).returncode
        except subprocess.TimeoutExpired:
            print(f"{suite.name}: the whole run's {END_OF_RUN_SECONDS // 60} minutes are over", file=sys.stderr)
            code = 1
        if code:
            why = "found no tests: is the path in scripts/suites.py right?" if code == NO_TESTS else f"exit code {code}"
            print(f"{suite.name}: {' '.join(command)}: {why}", file=sys.stderr)
            return False, time.monotonic() - began
    return True, time.monotonic() - began


def main() -> int:
    """Run what was asked for; 0 where everything passed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="suites to run: " + ", ".join(s.name for s in SUITES))
    parser.add_argument("--all", action="store_true", help="all suites")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - {s.name for s in SUITES}
    if unknown:
        there = ", ".join(s.name for s in SUITES)
        parser.error(f"no suite named {', '.join(sorted(unknown))}; there are {there}")
    chosen = [s for s in SUITES if s.name in arguments.names or (not arguments.names and (arguments.all or s.quick))]
    deadline = time.monotonic() + END_OF_RUN_SECONDS
    results = [(suite, *run(suite, deadline)) for suite in chosen]
    print(f"\n{'suite':<12}{'budget':>8}{'took':>8}  (minutes; all budgets: {sum(s.budget for s in SUITES):g})")
    for suite, good, seconds in results:
        note = "" if good else "  FAILED"
        note += "  over budget" if seconds > suite.budget * 60 else ""
        print(f"{suite.name:<12}{suite.budget:>8.1f}{seconds / 60:>8.1f}{note}")
    failed = sum(not good for _, good, _ in results)
    print(f"\nsuites: {len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
