"""Runs one collector: its socket, uvicorn's configuration, signals, and the end."""

import asyncio
import contextlib
import errno
import resource
import signal
import socket
import sys
from collections.abc import Callable

import uvicorn
import uvloop

from ..alerts import check_alert_settings
from ..receive.server import Connections, FastPath
from ..runtime import Settings, lock_data
from .addressing import check_sign_in_needed
from .collector import Collector
from .garbage import GarbageSearch
from .gauges import watch_connections

_SWITCH_INTERVAL_SECONDS = 0.0005
"""The time after which a busy thread yields the interpreter. The journal's thread waits for it several times in each
commit, and every request waits for a commit: with Python's default of 5 ms that is most of a request's time. 0.5 ms
gives 6 % more single requests a second than 1 ms; 0.2 ms gives no more."""


class PortTakenError(Exception):
    """The address can't be listened on; the message says what to do."""


class _AnnouncingServer(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_listening = on_listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_listening()


def serve(settings: Settings, announce: Callable[[str, str], None]) -> None:
    """Run until SIGTERM or SIGINT, then finish the running requests.

    Once it listens, `announce` gets the address, and a sentence about the first write key, empty where there is a key.

    Raises:
        SettingsError, PortTakenError, AlreadyRunningError, OSError: it can't start; the message says why.
    """
    check_sign_in_needed(settings)
    check_alert_settings(settings)
    lock_data(settings.data)
    _raise_file_limit()
    # The socket is closed also where the collector can't start.
    with _bind(settings) as listener:
        _serve_on(listener, settings, announce)


def _serve_on(listener: socket.socket, settings: Settings, announce: Callable[[str, str], None]) -> None:
    collector = Collector(settings)
    collector.start()
    address = _address(settings, listener)

    def listening() -> None:
        awaited = collector.keys.awaited_product
        announce(address, collector.first_key.announcement(awaited) if awaited else "")
        collector.first_key.open()

    server = _AnnouncingServer(_config(settings, collector), listening)
    # uvicorn installs its own handlers, and at its end restores these and raises the signal again.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: setattr(server, "should_exit", True))
    garbage = GarbageSearch(collector.read_gate.is_idle)
    garbage.begin()
    sys.setswitchinterval(_SWITCH_INTERVAL_SECONDS)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(server.serve(sockets=[listener]))
    finally:
        collector.stop()
        garbage.end()


def _config(settings: Settings, collector: Collector) -> uvicorn.Config:
    connections = Connections(settings, collector.peers, collector.status)
    watch_connections(collector.status, connections)
    return uvicorn.Config(
        collector.asgi(),
        http=FastPath(collector.routes.decoders, collector.pipeline.ingest, settings.base_path).protocol(connections),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=max(1, int(settings.idle_seconds)),
        timeout_graceful_shutdown=max(1, int(settings.drain_seconds)),
    )


def _raise_file_limit() -> None:
    """Raise the limit on open files to the hard limit: each connection is one, and many systems start with 1024."""
    _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard_limit, hard_limit))


def _bind(settings: Settings) -> socket.socket:
    host = settings.host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Without the flag Python listens on `::` for IPv6 only.
    both = host == "::" and socket.has_dualstack_ipv6()
    try:
        return socket.create_server((host, settings.port), family=family, backlog=2048, dualstack_ipv6=both)
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
