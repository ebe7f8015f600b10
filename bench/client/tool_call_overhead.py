"""Overhead per tool call: Footfall, a bare hook and four other libraries, on every SDK's own servers.

python bench/client/tool_call_overhead.py                  everything, about ten minutes; writes bench/RESULTS.md
python bench/client/tool_call_overhead.py --calls 500 --rounds 1 --dry     a quick look, nothing written

A plain server and an instrumented one live in one process, each with a client in memory, and are called alternately;
the figure is the median of the differences between paired calls. Every library runs in its own environment and sends
to a server on loopback that this program starts; connections to anywhere else are refused.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

if not __package__:  # run as a file: only its folder is on the path then
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from bench.client.overhead.cases import PEER_CASES, SDK_CASES, Case, Found
from bench.client.overhead.report import section
from bench.client.overhead.sink import Sink
from bench.results import ROOT, publish
from scripts.setup import sdk_env

WAIT_SECONDS = 900
SCRATCH = ROOT / ".artefacts"
"""On the same disk as the repository: a directory for temporary files may be memory."""


def measure(case: Case, calls: int, sink: Sink) -> tuple[dict[str, Any], float]:
    """Run one process; what it printed, and how often the sink read the tool's name, per call.

    Raises:
        RuntimeError: the process failed; what it said last is in the message.
    """
    python = sdk_env.python_of(case.environment) if case.environment else Path(sys.executable)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as directory:
        command = [str(python), "-m", "bench.client.overhead.measure", "--sdk", case.sdk, "--era", case.era]
        command += ["--calls", str(calls), "--sink", sink.url, "--directory", directory, case.subject]
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": directory, "PYTHONDONTWRITEBYTECODE": "1"}
        environment["PYTHONPATH"] = os.environ.get("PYTHONPATH", "")
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=WAIT_SECONDS, check=False
        )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout), sink.taken() / calls


def rounds(cases: tuple[Case, ...], calls: int, count: int) -> Iterator[tuple[Case, dict[str, Any], float]]:
    """All cases in sequence, `rounds` times: a busy minute of the machine affects one round of each."""
    with Sink() as sink:
        for number in range(count):
            for case in cases:
                said, arrived = measure(case, calls, sink)
                print(
                    f"round {number + 1}: {case.sdk} {case.era} {case.subject} {said['over']}",
                    file=sys.stderr,
                    flush=True,
                )
                yield case, said, arrived


def main() -> int:
    """Make the environments, measure, publish; 1 where a library that should have sent did not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=5000, help="calls of each server in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dry", action="store_true", help="print the results and write nothing")
    options = parser.parse_args()
    cases = tuple(case for row in (*SDK_CASES, *PEER_CASES) for case in row)
    SCRATCH.mkdir(exist_ok=True)
    for name in sorted({case.environment for case in cases} - {""}):
        sdk_env.make(name)
    found = {case: Found() for case in cases}
    for case, said, arrived in rounds(cases, options.calls, options.rounds):
        found[case].add(said, arrived)
    silent = {case.subject for row in PEER_CASES for case in row if not min(found[case].arrived)}
    if silent:
        print(f"measured nothing: no event of {', '.join(silent)} arrived at the sink", file=sys.stderr)
        return 1
    result = section(found, options.calls, options.rounds)
    publish(result, [ROOT / "docs/compare.md"], is_dry=options.dry)
    return 0


if __name__ == "__main__":
    sys.exit(main())
