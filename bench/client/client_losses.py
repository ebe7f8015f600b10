"""Data loss under faults: Footfall, posthog-python and posthog-node under the same faults at the same time.

python bench/client/client_losses.py                       about five minutes; writes bench/RESULTS.md
python bench/client/client_losses.py --only sigkill        some of it, nothing written

All three record at the same rate and send to the same server on loopback. After each fault the server works again, each
application is started once more without recording anything, and the distinct events at the server are counted.
"""

import argparse
import os
import signal
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

if not __package__:  # run as a file: only its folder is on the path then
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from bench.client.senders.place import SENDERS, Place, Sender, install_node, node_version
from bench.results import ROOT, Section, publish, table, versions

SCRATCH = ROOT / ".artefacts"
DOCUMENTS = (ROOT / "docs/reliability.md", ROOT / "docs/compare.md")
FORKED = 50


@dataclass(frozen=True)
class Fault:
    """One row of the table.

    Attributes:
        name: for the command line.
        title: for the table.
        rate: events a second; 0 for a forked child's.
        count: events, unless a signal comes first.
        modes: the server's mode, by the second at which it begins.
        signal: the signal and the second at which it is sent; None to end with the library's own shutdown.
    """

    name: str
    title: str
    rate: int
    count: int
    modes: tuple[tuple[float, str], ...] = ((0, "up"),)
    signal: tuple[float, int] | None = None


FAULTS = (
    Fault("outage", "server down for 20 s, 1,000 events/s", 1000, 40_000, ((0, "up"), (10, "down"), (30, "up"))),
    Fault("late", "server down for the first 20 s, 1,000 events/s", 1000, 25_000, ((0, "down"), (20, "up"))),
    Fault("sigkill-10", "SIGKILL, 10 events/s", 10, 1000, signal=(8, signal.SIGKILL)),
    Fault("sigkill-1000", "SIGKILL, 1,000 events/s", 1000, 100_000, signal=(8, signal.SIGKILL)),
    Fault("sigterm", "SIGTERM, 10 events/s", 10, 1000, signal=(8, signal.SIGTERM)),
    Fault("shutdown-down", "shutdown, server down", 100, 200, ((0, "down"),)),
    Fault("shutdown-hung", "shutdown, server hanging", 100, 200, ((0, "hang"),)),
    Fault("fork", "os._exit in a forked child", 0, FORKED),
)
HOW = """Lost: events whose call returned and that the server does not have after the next start of the application.
In brackets the duration of the library's shutdown, where it took one second or more, and the number of lines in the
log, where there is more than one (Footfall's notice at its first start is not counted). All libraries run with their
defaults, except for Footfall's ten minutes of grace. posthog-node records at half the rate while the server is down,
and cannot be forked."""


@dataclass
class Loss:
    """The outcome of one sender under one fault. `seconds` of its shutdown, None where it was not asked to."""

    recorded: int
    lost: int
    seconds: float | None
    log_lines: int

    def text(self) -> str:
        """As a cell of the table."""
        share = f"{self.lost / self.recorded:.1%}" if self.lost else "0"
        said = [] if self.seconds is None or self.seconds < 1 else [f"{self.seconds:.0f} s"]
        said += [f"{self.log_lines:,} log lines"] if self.log_lines > 1 else []
        return f"{share} of {self.recorded:,}" + (f" ({', '.join(said)})" if said else "")


def suffer(fault: Fault, directory: Path) -> dict[str, Loss]:
    """Run all senders through a fault at the same time."""
    names = [name for name in SENDERS if fault.rate or name != "posthog-node"]
    with Place() as place:
        place.be(fault.modes[0][1])
        senders = {name: Sender(name, place.url, name, directory / name, *_what(fault, name)) for name in names}
        _go_through(fault, place, senders)
        ended = {name: sender.ended() for name, sender in senders.items()}
        lines = {name: sender.log_lines for name, sender in senders.items()}
        place.be("up")
        for name in names:
            Sender(name, place.url, name, directory / name, "nothing").ended()
        losses = {}
        for name, (recorded, seconds) in ended.items():
            lost = max(0, recorded - place.arrived(name)["distinct"])
            losses[name] = Loss(recorded, lost, seconds, lines[name])
    return losses


def _what(fault: Fault, name: str) -> tuple[str, ...]:
    """What a sender is to do. posthog-node gets half: its queue of 1,000 events holds two seconds of that."""
    share = 2 if name == "posthog-node" and fault.modes[1:] else 1
    return ("record", str(fault.rate // share), str(fault.count // share)) if fault.rate else ("fork", str(fault.count))


def _go_through(fault: Fault, place: Place, senders: dict[str, Sender]) -> None:
    pause, passed = threading.Event(), 0.0
    if fault.signal is None and fault.rate:
        for sender in senders.values():
            sender.order_shutdown()
    for at, mode in fault.modes[1:]:
        pause.wait(at - passed)
        passed = at
        place.be(mode)
    if fault.signal is not None:
        at, number = fault.signal
        pause.wait(at - passed)
        for sender in senders.values():
            sender.process.send_signal(number)


def section(losses: dict[str, dict[str, Loss]]) -> Section:
    """The section of the results."""
    rows = []
    for fault in FAULTS:
        found = losses[fault.name]
        rows.append([fault.title, *(found[name].text() if name in found else "cannot be" for name in SENDERS)])
    ours = sum(losses[fault.name]["footfall"].lost for fault in FAULTS)
    verdict = "kept" if ours == 0 else f"MISSED ({ours} events lost)"
    return Section(
        "client-losses",
        "Data loss under faults",
        "python bench/client/client_losses.py",
        table(("lost of recorded", "Footfall", "posthog-python", "posthog-node"), rows),
        [HOW, f"Bar: Footfall loses nothing: {verdict}."],
        {**versions("footfall", "posthog"), "posthog-node": node_version()},
    )


def main() -> int:
    """Measure and publish."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--only", default="", help="the beginning of a fault's name: " + ", ".join(f.name for f in FAULTS)
    )
    arguments = parser.parse_args()
    install_node()
    SCRATCH.mkdir(exist_ok=True)
    losses = {}
    for fault in FAULTS:
        if fault.name.startswith(arguments.only):
            with tempfile.TemporaryDirectory(dir=SCRATCH) as directory:
                losses[fault.name] = suffer(fault, Path(directory))
            said = ", ".join(f"{name}: {loss.text()}" for name, loss in losses[fault.name].items())
            print(f"{fault.title}: {said}", file=sys.stderr, flush=True)
    if not arguments.only:
        publish(section(losses), DOCUMENTS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
