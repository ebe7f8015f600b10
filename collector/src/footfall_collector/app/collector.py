"""The composition root: every part is made and joined here, and nowhere else."""

import asyncio
import contextlib
import errno
import gc
import logging
import resource
import signal
import socket
import sys
from collections.abc import Callable

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from ..access import SignIn, Tokens, key_and_token_commands
from ..admit import Admission, NewInstances, fingerprint, load_catalogues, load_pepper
from ..answer import Answers
from ..journal import FOLDER, Journal
from ..operate import StoreOperations, hourly_cleanup, report_command
from ..receive import Capture, Done, Ingestion, RefusedError, Way, WriteKeys
from ..receive.asgi import Answer, Receive, Scope, Send, cors, refused, send_answer
from ..receive.limits import Gate, KeyAlarm, Limits, Peers
from ..receive.server import Connections, FastPath
from ..runtime import ControlSocket, Settings, SettingsError, Status, lock_data
from ..show import routes
from ..show.pages import Assets, SecurityHeaders, not_found_handler
from ..store import Loader, StoreError, open_store
from ..store import Scope as StoreScope
from .gauges import PeriodicCheck, watch_connections, watch_gauges
from .health_routes import health_routes

_log = logging.getLogger(__name__)

_SWITCH_SECONDS = 0.0005
"""How long a busy thread keeps the interpreter from one that waits for it. The journal's thread waits several times for
each commit, and every request waits for a commit: with Python's 5 ms that is most of what a request takes. Half a
millisecond took 6 % more single requests a second than a whole one, and a fifth of one no more."""


class PortTakenError(Exception):
    """The address can't be listened on; the message says what to do."""


class Collector:
    """All parts of one collector on one data directory. `start` and `stop` once each, in this order."""

    def __init__(self, settings: Settings) -> None:
        check_gate(settings)
        self.settings = settings
        self.status = Status()
        catalogues = load_catalogues(settings.products)
        pepper = load_pepper(settings.data, settings.pepper)
        journal_dir = settings.data / FOLDER
        self.journal = Journal(
            journal_dir,
            self.status,
            segment_bytes=settings.segment_bytes,
            segment_seconds=settings.segment_seconds,
        )
        self.store = open_store(settings, catalogues, self.status, fingerprint(pepper), self.journal.checksums)
        self.loader = Loader(self.store, journal_dir, self.status, housekeeping=hourly_cleanup(self.store, settings))
        self.operations = StoreOperations(self.store, self.loader, settings, pepper)
        tools = {name: frozenset(product.tools) for name, product in settings.products.items()}
        self.keys = WriteKeys(settings.data, first_key_product=settings.default_product if settings.loopback else None)
        self.new_instances = NewInstances(settings.new_instances_per_hour)
        self.peers = Peers(settings.trusted_proxies, settings.unlimited_peers)
        self.doorway = Gate(settings, self.peers, self.status)
        alarm = KeyAlarm(settings.key_alarm_per_minute)
        self.status.add_gauge("key_alarm", alarm.raised)
        self.capture = Capture(
            Admission(catalogues, pepper, tools, settings.max_event_bytes, self.new_instances),
            self.journal,
            self.keys,
            self.status,
            Limits.of(settings),
            self.doorway.take_events,
            alarm,
        )
        self.ingestion = Ingestion(self.capture, self.status)
        self.disk = PeriodicCheck(watch_gauges(self.status, settings, self.capture.lag).raised)
        self.answers = Answers(self.store, catalogues)
        assets = Assets()
        pages = routes(assets, self.answers, self.status, settings)
        reading = Starlette(
            routes=[*health_routes(self.status), *pages],
            exception_handlers={StoreError: self._store_failed, 404: not_found_handler(assets)},
        )
        self.tokens = Tokens(settings.data)
        self.reading: ASGIApp = SecurityHeaders(SignIn(reading, settings.sign_in_secret, self.tokens))

    def _store_failed(self, request: Request, error: Exception) -> Response:
        """503 where the store can't answer. The log gets the engine's class only: its message may quote data."""
        del request
        self.status.increment("answers_failed")
        _log.error("store: %s; the question stays unanswered", type(error.__cause__ or error).__name__)
        return JSONResponse(
            {"error": "The store can't answer at the moment; see the collector's log."}, 503, {"retry-after": "5"}
        )

    def start(self) -> None:
        """Recover the journal and begin to load. Raises OSError when the data directory can't be used."""
        self.journal.start()
        self._meet_known_instances()
        self.loader.start()
        self.disk.start()
        commands = {
            **self.operations.commands(),
            **key_and_token_commands(self.settings, self.keys, self.tokens),
            "report": report_command(self.answers),
        }
        self.control = ControlSocket(self.settings.data, commands)
        self.control.start()
        self.status.set_gauge("ready", 1)

    def _meet_known_instances(self) -> None:
        """Who is in the store is no newcomer."""
        if not self.settings.new_instances_per_hour:
            return
        for product in self.settings.products:
            scope = StoreScope(product, 0, 1 << 40)
            try:
                found = self.store.rows("SELECT DISTINCT instance FROM history", scope)
            except StoreError:
                _log.warning("store: it does not answer yet; every instance counts as new until it was seen")
                return
            self.new_instances.know(f"{instance:016x}" for (instance,) in found)

    def stop(self) -> None:
        """Everything that was acknowledged is on disk already; close what is open, load what is closed."""
        self.status.set_gauge("ready", 0)
        self.control.stop()
        self.disk.stop()
        self.journal.close()
        self.loader.stop()
        self.store.close()

    def asgi(self) -> "Callable[[Scope, Receive, Send], object]":
        """The ASGI application: ingestion first and bare, everything else through the sign-in gate."""
        doorway, ingestion, reading = self.doorway, self.ingestion, self.reading

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            handler = ingestion.handler(scope["path"])
            refusal = doorway.refusal(scope)
            if refusal is not None:
                await send_answer(send, _at_the_door(scope, refusal, reading=handler is None))
            elif handler is None:
                await reading(scope, receive, send)
            else:
                await ingestion(handler, scope, receive, send)

        return app

    def take(self, way: Way, scope: Scope, body: bytes, done: Done) -> None:
        """Answer a POST of events that came in one piece, by the same rules."""
        refusal = self.doorway.refusal(scope)
        if refusal is not None:
            done(_at_the_door(scope, refusal, reading=False))
        else:
            self.capture.whole(way, scope, body, done)


def _at_the_door(scope: Scope, refusal: RefusedError, *, reading: bool) -> Answer:
    # What reads has no CORS, and of a host that is not ours a page elsewhere learns nothing.
    return refused(refusal, [] if reading or refusal.status == 403 else cors(scope))


def check_gate(settings: Settings) -> None:
    """Raises SettingsError where others could reach the collector and nothing would ask them who they are."""
    if not settings.loopback and not settings.sign_in_secret:
        raise SettingsError(
            f"host {settings.host} is reachable by others: set FOOTFALL_SIGN_IN_SECRET (openssl rand -hex 24), "
            "or listen on 127.0.0.1"
        )


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say that it listens only once it does."""
        await super().startup(sockets)
        self._listening()


def serve(settings: Settings, announce: Callable[[str], None]) -> None:
    """Run until SIGTERM or SIGINT, then finish what is under way. `announce` gets one line once it listens.

    Raises:
        SettingsError, PortTakenError, AlreadyRunningError, OSError: it can't start; the message says why.
    """
    check_gate(settings)
    lock_data(settings.data)
    _allow_files()
    listener = _bind(settings)
    collector = Collector(settings)
    collector.start()
    address = _address(settings, listener)
    server = _Server(_config(settings, collector), lambda: announce(address))
    # uvicorn puts its own handlers in place, and afterwards gives a signal it got to the ones before: these.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: setattr(server, "should_exit", True))
    # What was made so far lives for ever: the collector of garbage need not look at it again.
    gc.freeze()
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(server.serve(sockets=[listener]))
    finally:
        collector.stop()
        # Back to the collector of garbage: DuckDB's binding complains on stderr about what outlives the interpreter.
        gc.unfreeze()


def _config(settings: Settings, collector: Collector) -> uvicorn.Config:
    connections = Connections(settings, collector.peers, collector.status)
    watch_connections(collector.status, connections)
    return uvicorn.Config(
        collector.asgi(),
        http=FastPath(collector.ingestion.ways, collector.take).protocol(connections),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=max(1, int(settings.idle_seconds)),
        timeout_graceful_shutdown=max(1, int(settings.drain_seconds)),
    )


def _allow_files() -> None:
    """As many open files as the system grants: each connection is one, and many systems begin with 1024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _bind(settings: Settings) -> socket.socket:
    host = settings.host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, settings.port), family=family, backlog=2048)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTakenError(
                f"port {settings.port} on {settings.host} is taken: stop what uses it, or choose another with --port"
            ) from None
        raise PortTakenError(
            f"{settings.host} port {settings.port} can't be listened on ({error.strerror}); check --host and --port"
        ) from None


def _address(settings: Settings, listener: socket.socket) -> str:
    host = f"[{settings.host.strip('[]')}]" if ":" in settings.host else settings.host
    return f"http://{host}:{listener.getsockname()[1]}"
