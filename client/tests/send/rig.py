"""The stages of the client put together for tests: a stepped clock, a real spool, a real server, no thread."""

from pathlib import Path

from client.tests.support.clocks import SteppedClock
from client.tests.support.outages import Destination
from client.tests.support.server import Server
from footfall.catalogue import ToolExecuted, catalogue_for
from footfall.record import Recorder
from footfall.runtime import Counters
from footfall.send import BatchSender, InstanceFacts, Outcome, Packer, SendState, Shipper
from footfall.spool import Spool

FACTS = {"common": {"dot_ai_version": "2.2.0", "ai_provider": "anthropic", "is_internal": True}, "deployment": "local"}


class Rig:
    """One process's recorder, spool and shipper over a state directory."""

    def __init__(
        self,
        state: Path,
        server: Server | Destination | None,
        clock: SteppedClock | None = None,
        *,
        host: str = "https://one.example",
        key: str = "phc_test",
        tools: tuple[str, ...] = ("recommend",),
    ) -> None:
        (state / "spool").mkdir(parents=True, exist_ok=True, mode=0o700)
        self.state = state
        self.clock = clock or SteppedClock()
        self.counters = Counters()
        self.logged: list[str] = []
        catalogue = catalogue_for("dot-ai")
        self.recorder = Recorder(catalogue, lambda line: self.spool.append(line), self.counters, self.clock)
        self.recorder.register_tools(*tools)
        names = self.recorder.tools
        self.spool = Spool(str(state / "spool"), dict(FACTS), self.counters, self.clock, names=names)
        self.sender = BatchSender(server.url if server else "http://127.0.0.1:9", {})
        self.attempts: list[float] = []
        self.shipper = Shipper(
            self.spool,
            Packer(catalogue),
            self._post,
            lambda: InstanceFacts("local_0123456789abcdef", None, 0.0),
            self.counters,
            self.clock,
            directory=str(state),
            host=host,
            key=key,
            log=self.logged.append,
        )

    def _post(self, body: bytes, timeout: float) -> Outcome:
        self.attempts.append(self.clock.now())
        return self.sender.post(body, timeout)

    def send_to(self, server: Server) -> None:
        """From now on send to another server, as if the first one had recovered."""
        self.sender.close()
        self.sender = BatchSender(server.url, {})

    def record(self, count: int) -> None:
        for _ in range(count):
            assert self.recorder.record(ToolExecuted(tool="recommend", success=True, duration_ms=12.5))

    def ship(self, timeout: float = 5.0) -> float:
        """Ship until no batch is due; the seconds until the next one is."""
        while (wait := self.shipper.ship_once(timeout)) <= 0:
            pass
        return wait

    def lines(self) -> list[bytes]:
        """The event lines of all segments, without the header lines and those of names."""
        return [line for f in self.files() for line in f.read_bytes().splitlines() if line.startswith(b'{"e":')]

    @property
    def dropped(self) -> dict[str, int]:
        """Events dropped by all processes that share the state directory, by reason."""
        return SendState.read(str(self.state), "").dropped

    def files(self) -> list[Path]:
        return sorted((self.state / "spool").glob("*.seg"))
