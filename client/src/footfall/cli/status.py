"""The status of a product's telemetry, read from its state directory without locks. No server process is asked."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from ..catalogue import Catalogue, catalogue_for, from_plain_data
from ..identity import first_started_at
from ..runtime import SystemClock, clock_shift, read_json, write_problem
from ..send import (
    BATCH_EVENTS,
    MAX_EVENT_AGE_SECONDS,
    BatchSender,
    Packer,
    SendState,
    SentLog,
    compressed,
    request_body,
)
from ..settings import DEFAULT_HOST, OFF_MARKER, Decision, Product, Settings, decide, missing_key_message
from ..spool import FORMAT_VERSION, HEADER_BYTES, READ_BYTES, SEGMENT_SUFFIX, Header


@dataclass
class WaitingEvents:
    """The number of unsent events in the spool, and their bytes on disk."""

    events: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class NextRequest:
    """The request that would be sent next: its host, and its body before compression."""

    host: str
    body: bytes

    @property
    def head(self) -> str:
        """Request line and headers, each ended by CRLF."""
        return BatchSender(self.host).request_head(compressed(self.body))

    @property
    def wire(self) -> bytes:
        """All bytes of the request."""
        return self.head.encode() + b"\r\n" + compressed(self.body)


@dataclass
class ProductStatus:
    """A product's telemetry, read from its files. Times are epoch seconds, 0 for never.

    Attributes:
        about: the content of `product.json`, which the product's last run wrote; empty before the first run.
    """

    product: Product
    environ: Mapping[str, str]
    about: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.settings = Settings.read(self.product, self.environ)
        self.directory = self.settings.state_dir
        self.about = read_json(os.path.join(self.directory, "product.json"))
        self.send_state = SendState.read(self.directory)
        decision = decide(self.product, self.environ)
        if decision.mode == "on" and (self.settings.error or not self.key):
            decision = Decision("off", self.settings.error or missing_key_message(self.product))
        self.decision = decision

    @property
    def host(self) -> str:
        """The host of the product's last run, or of the environment."""
        return str(self.about.get("host") or self.settings.host)

    @property
    def key(self) -> str:
        """The write key of the product's last run, or of the environment."""
        return str(self.about.get("key") or self.settings.key)

    @property
    def instance(self) -> str:
        """The instance ID; empty before the first run."""
        return str(self.about.get("instance") or "")

    @property
    def durability(self) -> str:
        """What happens to events when the process ends, as a sentence."""
        problem = write_problem(self.directory)
        if problem:
            return f"in memory only: {self.directory}: {problem}"
        return self.send_state.durability or str(self.about.get("durability") or "not used yet")

    def warnings(self) -> list[str]:
        """Sentences about settings that can't be used."""
        # By file, as `wire` imports it.
        from ..send.http.proxy_settings import connection_problems

        return [*self.settings.warnings, *(connection_problems(self.host, self.environ) if self.host else ())]

    def grace_ends(self) -> float:
        """When the first send becomes possible; 0 before the first run."""
        if not os.path.exists(os.path.join(self.directory, "identity.json")):
            return 0.0
        seconds = float(self.about.get("grace_seconds", self.settings.grace_seconds))
        return first_started_at(self.directory, SystemClock()) + seconds

    def segments(self) -> Iterator[tuple[Header, list[bytes]]]:
        """Header and unsent lines of every segment, in the order in which the shipper reads them."""
        spool = os.path.join(self.directory, "spool")
        try:
            names = sorted(n for n in os.listdir(spool) if n.endswith(SEGMENT_SUFFIX) and not n.startswith("."))
        except OSError:
            return
        for name in names:
            try:
                descriptor = os.open(os.path.join(spool, name), os.O_RDONLY)
            except OSError:
                continue
            try:
                header = Header.read(descriptor)
                size = os.fstat(descriptor).st_size
                data = os.pread(descriptor, max(0, size - header.offset), header.offset)
            except OSError:
                continue
            finally:
                os.close(descriptor)
            if header.version > FORMAT_VERSION:
                continue  # a newer version of the client wrote it; this one can't read it
            lines = [line for line in data[: data.rfind(b"\n") + 1].split(b"\n") if line]
            yield header, lines[1:] if header.offset < HEADER_BYTES and lines else lines

    def waiting(self) -> WaitingEvents:
        waiting = WaitingEvents()
        for _, lines in self.segments():
            waiting.events += len(lines)
            waiting.bytes += sum(map(len, lines)) + len(lines)
        return waiting

    def catalogue(self) -> Catalogue:
        """The product's catalogue, with the product's own events as its last run stored them."""
        catalogue = catalogue_for(self.product.name, client_names=self.product.client_names)
        catalogue.events = {**from_plain_data(self.about.get("events")), **catalogue.events}
        return catalogue

    def next_request(self) -> NextRequest | None:
        """The next request, byte for byte except its `sent_at`, which is now; None if no event waits."""
        packer, clock = Packer(self.catalogue()), SystemClock()
        for header, lines in self.segments():
            packed = packer.pack(
                _first_batch(lines),
                header.facts,
                self.instance,
                None,
                oldest=clock.now() - MAX_EVENT_AGE_SECONDS,
                clock_shift=clock_shift(clock, header.boot_id, header.boot_time),
            )
            if packed.events:
                return NextRequest(self.host, request_body(self.key, packed.events, clock.now()))
        return None

    def sent(self) -> Iterator[dict[str, Any]]:
        """The events sent in the last 7 days, from the log of sent events."""
        return SentLog(self.directory).read(SystemClock().now())


def _first_batch(lines: list[bytes]) -> list[bytes]:
    """The lines of the next batch: as many as one read of the shipper and one batch hold."""
    ends = accumulate(len(line) + 1 for line in lines[:BATCH_EVENTS])
    return [line for line, end in zip(lines, ends, strict=False) if end <= READ_BYTES]


def find_products(environ: Mapping[str, str], state_root: str) -> list[Product]:
    """The products with a state directory in `state_root`, or in a directory that a variable names."""
    products = []
    for directory in sorted(_state_directories(environ, state_root)):
        about = read_json(os.path.join(directory, "product.json"))
        # After `footfall forget`, only the marker that keeps telemetry off still has the name.
        name = about.get("name") or read_json(os.path.join(directory, OFF_MARKER)).get("name")
        if type(name) is not str:
            continue
        try:
            products.append(read_product(about, name))
        except ValueError:
            continue  # no valid product name: another program wrote the file
    return products


def read_product(about: Mapping[str, Any], name: str) -> Product:
    """The product that a `product.json` describes. Raises ValueError if the name is invalid."""
    names = about.get("client_names")
    return Product(
        name,
        version=str(about.get("version", "")),
        write_key=str(about.get("key", "")),
        client_names=tuple(n for n in names if type(n) is str) if type(names) is list else (),
        host=str(about.get("host") or DEFAULT_HOST),
    )


def _state_directories(environ: Mapping[str, str], state_root: str) -> set[str]:
    named = {value for key, value in environ.items() if key.endswith("_TELEMETRY_STATE_DIR") and value.strip()}
    try:
        return named | {entry.path for entry in os.scandir(state_root) if entry.is_dir()}
    except OSError:
        return named
