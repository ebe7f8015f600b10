"""A process that loads the journal and kills itself at a step: `python -m collector.tests.store.killed_load`."""

import os
import signal
import sys
from pathlib import Path

from collector.tests.store.fill_store import loader_of, open_store


def main(data: Path, last: int) -> None:
    """Load until step number `last`, printing the name of each step."""
    steps: list[str] = []

    def step(name: str) -> None:
        steps.append(name)
        print(name, flush=True)
        if len(steps) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    store = open_store(data, on_step=step)
    loader = loader_of(data, store)
    loader.run_once()
    loader.checkpoint()
    store.close()


main(Path(sys.argv[1]), int(sys.argv[2]))
