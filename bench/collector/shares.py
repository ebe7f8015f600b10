"""The collector's rate of acknowledged events as a part of the bare application's, from one short round."""

import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench.collector.ingest import SCRATCH, SIZES, Bench
from bench.collector.load.subjects import bare, collector


def shares(seconds: int) -> dict[str, float]:
    """By kind of request; each server is measured for so many seconds. SystemExit where a request failed."""
    SCRATCH.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as scratch, ExitStack() as stack:
        subjects = {
            "bare": stack.enter_context(bare()),
            "collector": stack.enter_context(collector(Path(scratch) / "data")),
        }
        bench = Bench(Path(scratch), subjects, 1, seconds)
        bench.full_speed()
    return {name: bench.rates[f"collector {name}"][0] / bench.rates[f"bare {name}"][0] for name in SIZES}
