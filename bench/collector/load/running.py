"""Load from other processes: wrk at full speed, or requests at a steady rate."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.results import ROOT

CONNECTIONS = 64
_SCRIPT = Path(__file__).with_name("wrk.lua")


@dataclass
class Pool:
    """A file of requests; `position` is where the first one is that was not sent yet."""

    path: Path
    position: int = 0


@dataclass(frozen=True)
class Ran:
    """What wrk says of a run; times in milliseconds, `rate` in requests a second."""

    answered: int
    rate: float
    p50_ms: float
    p99_ms: float


def saturate(port: int, pool: Pool, seconds: int, again: bool = False, to_the_end: bool = False) -> Ran:
    """Send requests as fast as they are answered, from where the pool is; `again` takes all from the beginning, as
    often as they are needed, and leaves the pool where it is.

    Raises SystemExit where a request failed or the pool has not enough of them (unless `to_the_end`): there is no
    figure then.
    """
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s", "-s", str(_SCRIPT)]
    command += [f"http://127.0.0.1:{port}", "--", str(pool.path)]
    command += ["0", "again"] if again else [str(pool.position), "once"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise SystemExit(f"ingest: wrk ended with {ran.returncode}: {ran.stderr}")
    said = json.loads(ran.stdout.splitlines()[-1])
    if said["failed"]:
        raise SystemExit(f"ingest: {said['failed']} of {said['answered']} requests were not taken:\n{ran.stdout}")
    if said["ended"] and not to_the_end:
        raise SystemExit(f"ingest: {pool.path.name} has not enough requests for {seconds} s; raise RESERVE")
    if not again:
        pool.position = said["position"]
    return Ran(said["answered"], said["answered"] / said["seconds"], said["p50_ms"], said["p99_ms"])


def steadily(port: int, pool: Pool, count: int, rate: float) -> list[tuple[float, float]]:
    """Send `count` requests at `rate` a second; (due, answered) of each by the monotonic clock.

    Raises SystemExit where one was not acknowledged.
    """
    command = [sys.executable, "-m", "bench.collector.load.steady", "--port", str(port), "--requests", str(pool.path)]
    command += ["--count", str(count), "--rate", str(rate), "--connections", str(CONNECTIONS)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise SystemExit(f"ingest: the steady sender failed:\n{ran.stderr}")
    said = json.loads(ran.stdout)
    if said["failed"]:
        raise SystemExit(f"ingest: {said['failed']} of {count} requests were not acknowledged")
    return [(due, answered) for due, answered in said["answered"]]
