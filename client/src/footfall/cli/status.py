"""The status of a product's telemetry, read from its state directory without locks. No server process is asked."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

import msgspec

from ..catalogue import Catalogue, catalogue_for, from_plain_data
from ..identity import first_started_at
from ..runtime import SystemClock, check_private_directory, clock_shift, read_json, write_problem
from ..send import (
    BATCH_EVENTS,
    MAX_EVENT_AGE_SECONDS,
    BatchSender,
    Packer,
    SendState,
    SentLog,
    compressed,
    destination_id,
    request_body,
)
from ..settings import DEFAULT_HOST, OFF_MARKER, Decision, Product, Settings, decide, missing_key_message
from ..spool import READ_BYTES, SEGMENT_SUFFIX, SpooledLines, read_segment


@dataclass
class WaitingEvents:
    """The number of unsent events in the spool, and their bytes on disk."""

    events: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class NextRequest:
    """A request that would be sent: its host, its body before compression, and the number of its events."""

    host: str
    body: bytes
    events: int

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
        self.send_state = SendState.read(self.directory, destination_id(self.host, self.key))
        self.decision = self._decide()

    def _decide(self) -> Decision:
        """As the product's own process decides, as far as this one can know."""
        decision = decide(self.product, self.environ)
        if decision.mode == "off":
            return decision
        if self.settings.error and decision.mode == "on":
            return Decision("off", self.settings.error)
        if not self.about:
            # The key, and whether there is one, is in the product's code, which its first run shows.
            mode = decision.mode if self.key or decision.mode == "preview" else "unknown"
            return decision._replace(mode=mode, reason=f"{decision.reason}; {self.not_run_yet}")
        if not self.key and decision.mode == "on":
            return Decision("off", missing_key_message(self.product))
        return decision

    @property
    def not_run_yet(self) -> str:
        """The end of a sentence for a product without a `product.json`."""
        if any(segment.lines for segment in self.segments()):
            return f"{self.product.name} has just begun and does not know its instance ID yet"
        return f"{self.product.name} has not run here yet with telemetry on"

    @property
    def host(self) -> str:
        """The host of the product's last run, or of the environment; empty where neither is known."""
        known = self.about or self.environ.get(f"{self.product.prefix}POSTHOG_HOST", "").strip()
        return str(self.about.get("host") or (self.settings.host if known else ""))

    @property
    def key(self) -> str:
        """The write key of the product's last run, or of the environment."""
        return str(self.about.get("key") or self.settings.key)

    @property
    def instance(self) -> str:
        """The instance ID; empty before the first run."""
        return str(self.about.get("instance") or "")

    @property
    def other_tools(self) -> list[str]:
        """Names of the server's own tools that are recorded as `other`, as its last run registered them."""
        names = self.about.get("other_tools")
        return [name for name in names if type(name) is str] if type(names) is list else []

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

    def segments(self) -> Iterator[SpooledLines]:
        """The unsent lines of every segment, in the order in which the shipper reads them."""
        spool = os.path.join(self.directory, "spool")
        try:
            check_private_directory(self.directory)
            check_private_directory(spool)
            names = sorted(n for n in os.listdir(spool) if n.endswith(SEGMENT_SUFFIX) and not n.startswith("."))
        except OSError:
            return
        for name in names:
            lines = read_segment(os.path.join(spool, name))
            if lines is not None:
                yield lines

    def waiting(self) -> WaitingEvents:
        waiting = WaitingEvents()
        for segment in self.segments():
            waiting.events += len(segment.lines)
            waiting.bytes += sum(map(len, segment.lines)) + len(segment.lines)
        return waiting

    def catalogue(self) -> Catalogue:
        """The product's catalogue, with its own events and its extra properties as its last run stored them."""
        catalogue = catalogue_for(self.product.name, client_names=self.product.client_names)
        catalogue.events = {**from_plain_data(self.about.get("events")), **catalogue.events}
        for name, extra in from_plain_data(self.about.get("extra")).items():
            if (event := catalogue.events.get(name)) is not None:
                added = {n: p for n, p in extra.properties.items() if n not in event.properties}
                catalogue.events[name] = msgspec.structs.replace(event, properties=event.properties | added)
                catalogue.extra[name] = added
        return catalogue

    def next_requests(self) -> Iterator[NextRequest]:
        """The requests with all events that wait, byte for byte except their `sent_at`, which is now.

        None before the product's first run has written its instance ID.
        """
        if not self.about:
            return
        packer, clock = Packer(self.catalogue()), SystemClock()
        for segment in self.segments():
            header = segment.header
            for batch in _batches(segment.lines):
                packed = packer.pack(
                    batch,
                    header.facts,
                    self.instance,
                    None,
                    oldest=clock.now() - MAX_EVENT_AGE_SECONDS,
                    clock_shift=clock_shift(clock, header.boot_id, header.boot_time),
                    tools=segment.tools,
                )
                if packed.events:
                    body = request_body(self.key, packed.events, clock.now())
                    yield NextRequest(self.host, body, len(packed.events))

    def sent(self) -> Iterator[dict[str, Any]]:
        """The events sent in the last 7 days, from the log of sent events."""
        return SentLog(self.directory).read(SystemClock().now())


def _batches(lines: list[bytes]) -> Iterator[list[bytes]]:
    """The lines in batches: each as many as one read of the shipper and one batch hold, and at least one."""
    start = 0
    while start < len(lines):
        ends = accumulate(len(line) + 1 for line in lines[start : start + BATCH_EVENTS])
        count = max(1, sum(end <= READ_BYTES for end in ends))
        yield lines[start : start + count]
        start += count


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
