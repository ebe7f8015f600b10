"""A process that loads what is in the journal and kills itself at a step: `python -m collector.tests.store.dying`."""

import os
import signal
import sys
from pathlib import Path

from collector.tests.store.filling import loader_of, open_store


def main(data: Path, last: int) -> None:
    """Go on until step number `last`; at the end print how many steps there were."""
    steps: list[str] = []

    def step(name: str) -> None:
        steps.append(name)
        print(name, flush=True)
        if len(steps) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    store = open_store(data, on_step=step)
    loader = loader_of(data, store)
    loader.run_once()
    loader.settle()
    store.close()


main(Path(sys.argv[1]), int(sys.argv[2]))
