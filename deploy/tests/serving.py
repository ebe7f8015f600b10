"""The real server, run as the chart's container runs it, and a host that receives its events."""

import gzip
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from client.tests.support.serving import QuietHandler, served
from deploy.tests.charts import Rendered

PATIENCE = 30.0
"""Seconds that a process may take to start or to end before the test fails."""


@dataclass
class Host:
    """A host on loopback that acknowledges every batch and keeps it, decoded."""

    batches: list[dict[str, Any]] = field(default_factory=list)
    address: str = ""

    @property
    def events(self) -> list[dict[str, Any]]:
        """All events, in the order they came."""
        return [event for batch in self.batches for event in batch["batch"]]


@contextmanager
def a_host() -> Iterator[Host]:
    """A `Host` that listens while the block runs."""
    host = Host()

    class Handler(QuietHandler):
        def do(self) -> None:
            host.batches.append(json.loads(gzip.decompress(self.body())))
            self.answer(200, b'{"status":1}')

        do_POST = do

    with served(Handler) as host.address:
        yield host


def container_environment(rendered: Rendered, home: Path) -> dict[str, str]:
    """What a process in the container finds in its environment."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), **rendered.environment()}


@contextmanager
def the_server(rendered: Rendered, home: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """The container's process with the container's environment and arguments, and the address of its MCP endpoint.

    Only the port differs, and `PATH` and `HOME` are added, as an image would set them. The process is ended by SIGTERM,
    as Kubernetes ends it, unless the block has ended it.
    """
    arguments = list(rendered.container["args"])
    arguments[arguments.index("--port") + 1] = "0"
    process = subprocess.Popen(
        [sys.executable, "-m", "footfall_toolkit", *arguments],
        env=container_environment(rendered, home),
        stderr=subprocess.PIPE,
        text=True,
    )
    lines: list[str] = []
    listening = threading.Event()

    def read() -> None:
        for line in process.stderr or ():
            lines.append(line)
            if "listening on" in line:
                listening.set()
        listening.set()

    reader = threading.Thread(target=read)
    reader.start()
    try:
        assert listening.wait(PATIENCE), "".join(lines)
        address = re.search(r"listening on (http\S+)", "".join(lines))
        assert address is not None, "".join(lines)
        yield process, address[1].replace("0.0.0.0", "127.0.0.1")
        stop(process)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(PATIENCE)
        reader.join(PATIENCE)
        if process.stderr is not None:
            process.stderr.close()


def stop(process: "subprocess.Popen[str]") -> None:
    """End a process as Kubernetes does, and wait until it is gone."""
    if process.poll() is None:
        process.terminate()
        process.wait(PATIENCE)
