"""What can be known about a product's telemetry from outside its process: its state directory, read without locking."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from ..catalogue import Catalogue, catalogue_for, event_types
from ..identity import life_began
from ..runtime import Clock, obstacle, read_json, shift
from ..send import BATCH_EVENTS, MOST_AGE_SECONDS, Egress, Packer, Poster, Progress, compressed, request_body
from ..settings import DEFAULT_HOST, OFF_MARKER, Decision, Product, Settings, decide, no_key
from ..spool import FORMAT, HEADER, READ_BYTES, SUFFIX, Header


@dataclass
class Waiting:
    """What waits in the spool: events and bytes on disk."""

    events: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class Request:
    """A request that is not sent: where it would go, and its body before compression."""

    host: str
    body: bytes

    @property
    def head(self) -> str:
        """Request line and headers, a line each, with CRLF."""
        return Poster(self.host).head(compressed(self.body))

    @property
    def wire(self) -> bytes:
        """Every byte as it would go out."""
        return self.head.encode() + b"\r\n" + compressed(self.body)


@dataclass
class Inspection:
    """A product's telemetry as its files tell it. Times are epoch seconds, 0 for never."""

    product: Product
    environ: Mapping[str, str]
    about: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.settings = Settings.read(self.product, self.environ)
        self.directory = self.settings.state_dir
        self.about = read_json(os.path.join(self.directory, "product.json"))
        self.progress = Progress.read(self.directory)
        decision = decide(self.product, self.environ)
        if decision.mode == "on" and (self.settings.refusal or not self.key):
            decision = Decision("off", self.settings.refusal or no_key(self.product))
        self.decision = decision

    @property
    def host(self) -> str:
        """Where the product's last run sent to, or would send to."""
        return str(self.about.get("host") or self.settings.host)

    @property
    def key(self) -> str:
        """The write key of the product's last run, or the environment's."""
        return str(self.about.get("key") or self.settings.key)

    @property
    def instance(self) -> str:
        """The instance ID; empty before the first run."""
        return str(self.about.get("instance") or "")

    @property
    def durability(self) -> str:
        """What becomes of events when the process ends, as a sentence."""
        problem = obstacle(self.directory)
        if problem:
            return f"in memory only: {self.directory}: {problem}"
        return self.progress.durability or str(self.about.get("durability") or "not used yet")

    def grace_ends(self) -> float:
        """When the first send becomes possible; 0 before the first run."""
        if not os.path.exists(os.path.join(self.directory, "identity.json")):
            return 0.0
        seconds = float(self.about.get("grace_seconds", self.settings.grace_seconds))
        return life_began(self.directory, Clock()) + seconds

    def segments(self) -> Iterator[tuple[Header, list[bytes]]]:
        """Header and unsent lines of every segment, oldest first, as the shipper would take them."""
        spool = os.path.join(self.directory, "spool")
        try:
            names = sorted(n for n in os.listdir(spool) if n.endswith(SUFFIX) and not n.startswith("."))
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
            if header.version > FORMAT:
                continue  # a newer version's: only that one knows what is in it
            lines = [line for line in data[: data.rfind(b"\n") + 1].split(b"\n") if line]
            yield header, lines[1:] if header.offset < HEADER and lines else lines

    def waiting(self) -> Waiting:
        """What waits to be sent."""
        waiting = Waiting()
        for _, lines in self.segments():
            waiting.events += len(lines)
            waiting.bytes += sum(map(len, lines)) + len(lines)
        return waiting

    def catalogue(self) -> Catalogue:
        """Everything that the product may say, its own events included, as its last run told."""
        catalogue = catalogue_for(self.product.name, client_names=self.product.client_names)
        catalogue.events = {**event_types(self.about.get("events")), **catalogue.events}
        return catalogue

    def next_request(self) -> Request | None:
        """The next request, byte for byte but for its `sent_at`, which is now; None where nothing waits."""
        packer, clock = Packer(self.catalogue()), Clock()
        for header, lines in self.segments():
            packed = packer.pack(
                _batch(lines),
                header.facts,
                self.instance,
                None,
                oldest=clock.now() - MOST_AGE_SECONDS,
                shift=shift(clock, header.boot, header.zero),
            )
            if packed.events:
                return Request(self.host, request_body(self.key, packed.events, clock.now()))
        return None

    def sent(self) -> Iterator[dict[str, Any]]:
        """What was sent in the last 7 days, from the egress log."""
        return Egress(self.directory).read(Clock().now())


def _batch(lines: list[bytes]) -> list[bytes]:
    """As many lines as one request takes: what the shipper reads at once, of that a batch."""
    ends = accumulate(len(line) + 1 for line in lines[:BATCH_EVENTS])
    return [line for line, end in zip(lines, ends, strict=False) if end <= READ_BYTES]


def known_products(environ: Mapping[str, str], base: str) -> list[Product]:
    """The products that keep state under the default directory, or in one that a variable names."""
    found = []
    for directory in sorted(_state_directories(environ, base)):
        about = read_json(os.path.join(directory, "product.json"))
        # Where everything was deleted, the mark that keeps telemetry off still tells whose it is.
        name = about.get("name") or read_json(os.path.join(directory, OFF_MARKER)).get("name")
        if type(name) is not str:
            continue
        try:
            found.append(product_from(about, name))
        except ValueError:
            continue  # not a name of a product: the file is somebody else's
    return found


def product_from(about: Mapping[str, Any], name: str) -> Product:
    """The product that a `product.json` describes. Raises ValueError for an impossible name."""
    names = about.get("client_names")
    return Product(
        name,
        version=str(about.get("version", "")),
        write_key=str(about.get("key", "")),
        client_names=tuple(n for n in names if type(n) is str) if type(names) is list else (),
        host=str(about.get("host") or DEFAULT_HOST),
    )


def _state_directories(environ: Mapping[str, str], base: str) -> set[str]:
    named = {value for key, value in environ.items() if key.endswith("_TELEMETRY_STATE_DIR") and value.strip()}
    try:
        return named | {entry.path for entry in os.scandir(base) if entry.is_dir()}
    except OSError:
        return named
