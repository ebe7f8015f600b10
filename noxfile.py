"""The test suites, each with a time budget; a table at the end says what each took.

.venv/bin/nox                  the quick suites (`make test`)
.venv/bin/nox -t all           all of them (`make test-all`)
.venv/bin/nox -s client        one of them
.venv/bin/nox --list           their names

Every suite runs in the environment that nox runs in. The table is printed when the process ends, since nox prints a
summary of its own after the last session, and commands are started without `session.run`, which has no time limit.
"""

import atexit
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field

import nox

ROOT = os.path.dirname(os.path.abspath(__file__))
BIN = os.path.dirname(sys.executable)
END_OF_RUN_SECONDS = 90 * 60
DEADLINE = time.monotonic() + END_OF_RUN_SECONDS
TESTS_FAILED, NO_TESTS = 1, 5
"""pytest's exit codes when tests failed, and when there is nothing to run: a mistake in this table."""
AGAIN = ("-n", "0", "--last-failed", "--last-failed-no-failures=none")
MOST_UNSTABLE = 3
"""This many failed tests of a command run a second time. More failures are no accident of a busy machine."""

nox.needs_version = ">=2026"
nox.options.default_venv_backend = "none"


@dataclass(frozen=True)
class Suite:
    """One suite: commands that must all succeed. `budget` in minutes; the budgets sum to at most 60."""

    name: str
    budget: float
    commands: tuple[tuple[str, ...], ...]
    quick: bool = True
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """How a suite ended. `unstable`: the number of its tests that passed only when they ran a second time, alone."""

    suite: Suite
    passed: bool
    seconds: float
    unstable: int = 0


def _pytest(*arguments: str, workers: int = 2) -> tuple[str, ...]:
    parallel = ("-n", str(workers)) if workers > 1 else ()
    return (sys.executable, "-m", "pytest", *parallel, *arguments)


def _tool(name: str, *arguments: str) -> tuple[str, ...]:
    return (os.path.join(BIN, name), *arguments)


def _without(folder: str, left_out: tuple[str, ...]) -> tuple[str, ...]:
    return _pytest(folder, *(f"--ignore={folder}/{name}" for name in left_out))


TYPED = ("client", "collector", "examples", "deploy/tests", "tests", "scripts", "bench", "conftest.py", "noxfile.py")
"""Where types are checked: everything but what pyproject.toml excludes, with the reason."""
TRUTH = ("answer", "show/statistics", "show/explain")
"""Folders whose tests compare whole fleets with the oracle, or plant causes in them."""
OWN_SUITES = ("fuzz", "durability", "clocks", "journal", "store", "defence", "operate", *TRUTH)
"""Folders of the collector's tests that have a suite of their own."""
CLIENT_SUITES = ("mcp", "faults", "host")
"""The same of the client's."""

STRICT_FOLDERS = ("admit", "journal", "runtime", "cli", "app/test_start.py")
"""Of the collector's tests: those that run once more under options of Python, together with the client's."""

CHECK = Suite(
    "check",
    1,
    (
        _tool("ruff", "format", "--check", "--quiet", "."),
        _tool("ruff", "check", "--quiet", "."),
        _tool("mypy", "--no-error-summary", *TYPED),
        _tool("lint-imports", "--no-cache"),
        (sys.executable, "scripts/check"),
        (sys.executable, "scripts/generate", "--check"),
        ("npm", "--prefix", "collector/frontend", "run", "--silent", "check"),
    ),
)
OTHER_SDKS = ("tests/privacy/test_other_sdks.py", "tests/privacy/test_tool_names.py")
SDKS = Suite(
    "sdks",
    3,
    (
        (sys.executable, "scripts/setup/sdk_env.py"),
        _pytest("client/tests/mcp", "examples/servers", *OTHER_SDKS),
    ),
    quick=False,
    environment={"FOOTFALL_SDKS": "others"},
)
# Our own pytest plugin after the one that compiles it; as an entry point it would be loaded before.
PLUGINS = ("-p", "no:footfall", "-p", "tests.support.strict_runtime", "-p", "footfall.testing.pytest_plugin")
STRICT = ("-X", "dev", "-m", "pytest", "-n", "2", *PLUGINS)
OPTIONS = Suite(
    "options",
    2.5,
    (
        (sys.executable, *STRICT, "client/tests", *(f"--ignore=client/tests/{name}" for name in ("mcp", "faults"))),
        (sys.executable, *STRICT, *(f"collector/tests/{name}" for name in STRICT_FOLDERS)),
    ),
    quick=False,
)
"""Suites under the options of Python that hosts use: `-OO -X dev -W error`, and an ASCII locale."""
RATIOS = Suite("ratios", 1.5, ((sys.executable, "bench/compare_ratios.py"),), quick=False)
"""Information: what costs more than the committed ratios say is listed, and fails nothing."""
DURABILITY = tuple(f"collector/tests/{name}" for name in ("durability", "clocks", "journal", "store"))
CLICKHOUSE = (_pytest("collector/tests/store/clickhouse"), _pytest("tests/clickhouse", workers=1))
SUITES = (
    CHECK,
    Suite("client", 1.5, (_without("client/tests", CLIENT_SUITES),)),
    Suite("mcp", 1, (_without("client/tests/mcp", ("clients",)),)),
    Suite("collector", 3, (_without("collector/tests", OWN_SUITES),)),
    Suite("answers", 2.5, (_pytest(*(f"collector/tests/{name}" for name in TRUTH)),), quick=False),
    Suite("toolkit", 0.5, (_pytest("examples/toolkit/tests"),)),
    Suite("faults", 3, (_pytest("client/tests/faults", "client/tests/host"),), quick=False),
    Suite("defence", 3, (_pytest("collector/tests/defence", "collector/tests/operate"),), quick=False),
    Suite("durability", 3, (_pytest(*DURABILITY, "--ignore=collector/tests/store/clickhouse"),), quick=False),
    Suite("attacks", 3.5, (_pytest("tests/attacks", workers=1),), quick=False),
    Suite("deploy", 3, (_pytest("deploy/tests"),), quick=False),
    Suite("docs", 2, (_pytest("tests/docs"),), quick=False),
    Suite("kubernetes", 0.5, (_pytest("tests/kubernetes", workers=1),), quick=False),
    Suite("clickhouse", 6, CLICKHOUSE, quick=False),
    Suite("system", 2.5, (_pytest("tests/system", "--dist=loadfile"),), quick=False),
    Suite("protocol", 2, (_pytest("collector/tests/fuzz", "tests/protocol"),), quick=False),
    Suite("privacy", 4, (_pytest("tests/privacy"),), quick=False),
    Suite("operating", 2, (_pytest("tests/operating", workers=1),), quick=False),
    Suite("dashboard", 9, (_pytest("tests/dashboard"),), quick=False),
    SDKS,
    OPTIONS,
    RATIOS,
)
_outcomes: list[Outcome] = []


def program_path() -> str:
    """Where suites look for programs: where no Node is installed, also where `make` has put one."""
    path = os.environ.get("PATH", os.defpath)
    return path if shutil.which("node", path=path) else f"{path}{os.pathsep}{BIN}"


def run(suite: Suite) -> tuple[str, int]:
    """Run a suite's commands until one fails.

    A few tests that fail run once more, alone: they meet real servers and browsers on machines of any speed. Those that
    pass then don't fail the run; the table names how many they were, and their output is above.

    Returns:
        The reason of the failure, empty where all succeeded, and how many tests passed at the second try only.
    """
    unstable = 0
    for command in suite.commands:
        try:
            code = execute(suite, command)
            failed = failed_tests(suite) if code == TESTS_FAILED and "pytest" in command else []
            if 0 < len(failed) <= MOST_UNSTABLE:
                print(f"again, alone: {', '.join(failed)}", flush=True)
                code = execute(suite, (*command, *AGAIN))
                unstable += 0 if code else len(failed)
        except subprocess.TimeoutExpired:
            return f"the whole run's {END_OF_RUN_SECONDS // 60} minutes are over", unstable
        if code:
            reason = "there are no tests: is the path in noxfile.py right?" if code == NO_TESTS else f"exit code {code}"
            return f"{' '.join(command)}: {reason}", unstable
    return "", unstable


def execute(suite: Suite, command: tuple[str, ...]) -> int:
    """Run a command of a suite. Raises subprocess.TimeoutExpired at the end of the whole run's time."""
    if "pytest" in command:
        command = (*command, "-o", f"cache_dir={cache_folder(suite)}")
    environment = {**os.environ, "PATH": program_path(), **suite.environment}
    remaining = max(1.0, DEADLINE - time.monotonic())
    return subprocess.run(command, cwd=ROOT, env=environment, timeout=remaining, check=False).returncode


def cache_folder(suite: Suite) -> str:
    """Where pytest keeps which of the suite's tests failed."""
    return os.path.join(ROOT, ".pytest_cache", suite.name)


def failed_tests(suite: Suite) -> list[str]:
    """The tests that failed in the suite's last run."""
    try:
        with open(os.path.join(cache_folder(suite), "v", "cache", "lastfailed"), encoding="utf-8") as file:
            return sorted(json.load(file))
    except OSError:
        return []


def define(suite: Suite, tags: tuple[str, ...] = ("all",)) -> None:
    def run_suite(session: nox.Session) -> None:
        print(f"\n== {suite.name} (budget {suite.budget:g} min)", flush=True)
        began = time.monotonic()
        shutil.rmtree(cache_folder(suite), ignore_errors=True)
        failure, unstable = run(suite)
        _outcomes.append(Outcome(suite, not failure, time.monotonic() - began, unstable))
        if failure:
            session.error(failure)

    run_suite.__doc__ = f"{suite.budget:g} min"  # what `nox --list` shows
    nox.session(name=suite.name, tags=list(tags), default=suite.quick)(run_suite)


@atexit.register
def _print_table() -> None:
    if not _outcomes:
        return
    print(f"\n{'suite':<12}{'budget':>8}{'took':>8}  (minutes; all budgets: {sum(s.budget for s in SUITES):g})")
    for outcome in _outcomes:
        note = "" if outcome.passed else "  FAILED"
        note += f"  {outcome.unstable} passed at the second try only" if outcome.unstable else ""
        note += "  over budget" if outcome.seconds > outcome.suite.budget * 60 else ""
        print(f"{outcome.suite.name:<12}{outcome.suite.budget:>8.1f}{outcome.seconds / 60:>8.1f}{note}")
    failed = sum(not outcome.passed for outcome in _outcomes)
    print(f"\nsuites: {len(_outcomes) - failed} passed, {failed} failed", flush=True)


for _suite in SUITES:
    define(_suite)
