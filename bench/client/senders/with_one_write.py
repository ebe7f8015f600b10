"""No telemetry at all: one `write` of a line like Footfall's, in the same process and bursts; see program.py.

What a call pays right after a pause, when caches hold other data, is the machine's share of any sender's slowest calls.
"""

import os
from pathlib import Path

from bench.client.senders.program import main

LINE = b"x" * 180 + b"\n"


class OneWrite:
    """Appends to a file under HOME, on the disk of the other senders' files. Nothing is sent."""

    def __init__(self) -> None:
        self._file = os.open(Path.home() / "written", os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)

    def capture(self) -> None:
        os.write(self._file, LINE)

    def flush(self) -> None:
        pass

    def shutdown(self) -> None:
        os.close(self._file)


main(lambda url, key: OneWrite())  # noqa: ARG005 - it sends nothing
