"""record() and one `write` of the same line to a file, in turn in one process.

python -m bench.client.record_beside_write      prints one JSON object with microseconds

Nothing is sent meanwhile: the grace of a first start is not over. `record` is a whole call with its event, `call` what
an instrumented server does for a finished tool call; when either returns, the line is on disk.
"""

import json
import logging
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.results import ROOT
from footfall import Product, Telemetry
from footfall.catalogue import ToolExecuted

ROUNDS, CALLS = 400, 50
TOOL, CLIENT = "remediate", "claude-code"
SCRATCH = ROOT / ".artefacts"
"""On the same disk as the repository: a directory for temporary files may be memory."""


def measured(directory: Path) -> dict[str, float]:
    """Microseconds, medians of the rounds: `write`, `record` and `call`."""
    environ = {
        "BENCH_POSTHOG_HOST": "http://127.0.0.1:9",
        "BENCH_POSTHOG_KEY": "phc_bench",
        "BENCH_TELEMETRY_STATE_DIR": str(directory / "state"),
        "HOME": str(directory),
    }
    logging.disable()
    telemetry = Telemetry(Product("bench", version="1.0.0"), environ)
    telemetry.register_tools(TOOL)
    event = ToolExecuted(tool=TOOL, success=True, duration_ms=12.5, mcp_client=CLIENT)
    telemetry.record(event)
    [segment] = (directory / "state/spool").glob("*.seg")
    line = segment.read_bytes().splitlines(keepends=True)[-1]
    file = os.open(directory / "written", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    subjects: dict[str, Callable[[], object]] = {
        "write": lambda: os.write(file, line),
        "record": lambda: telemetry.record(ToolExecuted(tool=TOOL, success=True, duration_ms=12.5, mcp_client=CLIENT)),
        "call": lambda: telemetry.record_call(TOOL, CLIENT, 0.0125),
    }
    rounds: dict[str, list[float]] = {name: [] for name in subjects}
    for _ in range(ROUNDS):
        for name, subject in subjects.items():
            began = time.perf_counter()
            for _ in range(CALLS):
                subject()
            rounds[name].append((time.perf_counter() - began) / CALLS * 1e6)
    telemetry.close()
    os.close(file)
    return {name: round(statistics.median(times), 3) for name, times in rounds.items()}


def main() -> None:
    """Measure, and print it."""
    SCRATCH.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as directory:
        print(json.dumps(measured(Path(directory))))


if __name__ == "__main__":
    main()
