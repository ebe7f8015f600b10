"""Four raw senders: gzip batches over plain HTTP, one after another, each event's uuid noted after its 200.

A sender keeps a batch until it is acknowledged and sends it again, under the same uuids, to the next process. At a
`Moment` that is set beforehand one of them calls back in the middle of its work, and the collector is killed there.
"""

import gzip
import http.client
import random
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from collector.tests.receive.shapes import batch, event

SENDERS = 4
EVENTS = 50
TOOLS = ("recommend", "operate", "remediate", "version", "query")
PHASES = ("body half sent", "body sent", "answer read")


@dataclass
class Moment:
    """The time of `call`: when the senders together have entered `phase` `count` times."""

    phase: str
    count: int
    call: Callable[[], None]


@dataclass
class Fleet:
    """The senders of one run. `ledger` is a directory with a file of uuids per sender."""

    ledger: Path
    seed: int
    port: int | None = None
    moment: Moment | None = None
    ended: bool = False
    turn: threading.Condition = field(default_factory=threading.Condition)
    busy: int = 0
    sent: int = 0
    batches: int = 0

    def __post_init__(self) -> None:
        self.ledger.mkdir()
        self.threads = [Sender(self, number) for number in range(SENDERS)]
        for thread in self.threads:
            thread.start()

    def open(self, port: int, moment: Moment | None) -> None:
        """Let the senders send to this port."""
        with self.turn:
            self.port, self.moment = port, moment
            self.turn.notify_all()

    def shut(self) -> None:
        """Stop all senders; none sends once this returns."""
        with self.turn:
            self.port = None
            assert self.turn.wait_for(lambda: not self.busy, 60)

    def finish(self) -> None:
        """Let each sender deliver its pending batch, then end."""
        with self.turn:
            self.ended = True
            self.turn.notify_all()
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive()

    def reached(self, phase: str) -> None:
        with self.turn:
            self.batches += phase == PHASES[-1]
            moment = self.moment
            if moment is None or moment.phase != phase:
                return
            moment.count -= 1
            if moment.count:
                return
            self.moment = None
        moment.call()

    def acknowledged(self) -> list[str]:
        """The uuids in all ledgers."""
        return [name for path in sorted(self.ledger.iterdir()) for name in path.read_text().split()]

    @property
    def waiting(self) -> int:
        """Events that were sent at least once and not acknowledged."""
        return sum(EVENTS for thread in self.threads if thread.kept is not None)


class Sender(threading.Thread):
    def __init__(self, fleet: Fleet, number: int) -> None:
        super().__init__(name=f"sender-{number}", daemon=True)
        self.fleet = fleet
        self.chance = random.Random(fleet.seed * 100 + number)
        self.path = fleet.ledger / f"{number}.txt"
        self.kept: tuple[list[str], bytes] | None = None

    def run(self) -> None:
        with self.path.open("a") as ledger:

            def record(names: list[str]) -> None:
                ledger.write("\n".join(names) + "\n")
                ledger.flush()

            self.record = record
            while (port := self._port()) is not None:
                try:
                    self._send_to(port)
                except (OSError, http.client.HTTPException):
                    self._gone(port)
                finally:
                    with self.fleet.turn:
                        self.fleet.busy -= 1
                        self.fleet.turn.notify_all()

    def _port(self) -> int | None:
        """Wait until sending is allowed; returns the port, or None at the end."""
        fleet = self.fleet
        with fleet.turn:
            fleet.turn.wait_for(lambda: fleet.port is not None or (fleet.ended and self.kept is None))
            if fleet.ended and self.kept is None:
                return None
            fleet.busy += 1
            return fleet.port

    def _gone(self, port: int) -> None:
        with self.fleet.turn:
            if self.fleet.port == port:
                self.fleet.port = None

    def _send_to(self, port: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            while self.fleet.port == port and not (self.fleet.ended and self.kept is None):
                names, body = self.kept = self.kept or self._made()
                self._request(connection, body)
                answer = connection.getresponse()
                if (answer.status, answer.read()) == (200, b'{"status":1}'):
                    self.record(names)
                    self.kept = None
                    self.fleet.reached("answer read")
        finally:
            connection.close()

    def _request(self, connection: http.client.HTTPConnection, body: bytes) -> None:
        connection.putrequest("POST", "/batch/")
        connection.putheader("Content-Encoding", "gzip")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body[: len(body) // 2])
        self.fleet.reached("body half sent")
        connection.send(body[len(body) // 2 :])
        self.fleet.reached("body sent")

    def _made(self) -> tuple[list[str], bytes]:
        names = [str(uuid.UUID(int=self.chance.getrandbits(128), version=4)) for _ in range(EVENTS)]
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        events = [event(uuid=name, timestamp=now, tool=self.chance.choice(TOOLS)) for name in names]
        return names, gzip.compress(batch(*events, sent_at=now), 1)
