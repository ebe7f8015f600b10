"""In an outage of any kind and length nothing is lost, the caller never waits, and the log stays quiet."""

import os
import signal
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import pytest

from client.tests.faults.harness import Host, assert_all_arrived, dropped, tools, total
from client.tests.send.rig import Rig
from client.tests.support.clocks import SteppedClock
from client.tests.support.outages import OUTAGES, Destination, outage
from client.tests.support.server import Server
from tests.support.waiting import steadily, wait_for

REAL_SECONDS = 120 if os.environ.get("SOAK") else 20
PATIENCE_SECONDS = 0.03
"""For connecting and for an answer, in tests with an injected clock."""


@pytest.mark.timeout(REAL_SECONDS + 100)
def test_twenty_seconds_of_every_outage_lose_nothing_and_do_not_affect_the_host(
    tmp_path: Path, tls: ssl.SSLContext
) -> None:
    # One host per kind, all at once, so that the suite takes minutes.
    with ExitStack() as stack:
        places = {kind: stack.enter_context(outage(kind, tls)) for kind in OUTAGES}
        hosts = {kind: stack.enter_context(host_in(kind, place, tmp_path)) for kind, place in places.items()}
        for host in hosts.values():
            host.wait_for_line("ready")
        end = time.monotonic() + REAL_SECONDS
        wait_for(lambda: time.monotonic() > end, "the end of the outage", REAL_SECONDS + 5)
        exits = {kind: host.kill(signal.SIGTERM) for kind, host in hosts.items()}
        problems = {kind: list(troubles(kind, hosts[kind], places[kind], exits[kind])) for kind in OUTAGES}
    assert {kind: found for kind, found in problems.items() if found} == {}


def host_in(kind: str, place: Destination, directory: Path) -> Host:
    # NXDOMAIN would ask a name server outside; a namespace without a network has none to ask.
    prefix = ("unshare", "--net") if kind == "NXDOMAIN" else ()
    state = directory / kind.replace(" ", "-")
    return Host(["recorder.py", "10", "0", "stay"], state, place.url, prefix=prefix, SERVE="1")


def troubles(kind: str, host: Host, place: Destination, exit_seconds: float) -> Iterator[str]:
    """The faults found after an outage of 20 seconds, as sentences."""
    if host.accepted < 10 * REAL_SECONDS * 0.8:
        yield f"only {host.accepted} events were recorded"
    if host.slowest > 0.5:  # a busy machine's scheduler, not a network
        yield f"a record() took {host.slowest} s"
    if exit_seconds > 3.5 or host.process.returncode != -signal.SIGTERM:  # 2 s, and Python's end on a busy machine
        yield f"the end took {exit_seconds} s, exit code {host.process.returncode}"
    lines = [line for line in host.log.splitlines() if line.startswith("LOG footfall test-host telemetry:")]
    if len(lines) > 1 or "Traceback" in host.log or len([line for line in lines if "can't be" in line]) != len(lines):
        yield f"the log says {host.log}"
    # Seven to narrow a refused batch down to one event, then that event and a witness at every try.
    tries = len(place.server.requests) if place.server else 0
    if tries > (40 if kind in ("400", "413") else 12):
        yield f"{tries} requests in {REAL_SECONDS} s"
    if place.elsewhere.requests:
        yield "a redirect was followed"
    yield from losses(host)


def losses(host: Host) -> Iterator[str]:
    """The events that the next start, two hours later, does not deliver."""
    with Server() as server:
        Rig(host.state, server, SteppedClock(time.time() + 7200, boot_id="")).ship()
        at_least, at_most = total([host])
        if at_least - tools(server) or tools(server) - at_most:
            yield f"{sum(at_least.values())} events accepted, {sum(tools(server).values())} delivered"
        if "server_stopped" not in {event["event"] for event in server.accepted.values()}:
            yield "server_stopped was lost"
    if dropped(host.state):
        yield f"dropped: {dropped(host.state)}"


@pytest.mark.parametrize("days", [10 / 1440, 7])
@pytest.mark.parametrize("kind", OUTAGES)
def test_minutes_or_a_week_of_an_outage_lose_nothing(
    tmp_path: Path, tls: ssl.SSLContext, kind: str, days: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "NXDOMAIN":
        monkeypatch.setattr(socket, "getaddrinfo", no_such_name)
    with outage(kind, tls) as place, Server() as well:
        rig = Rig(tmp_path, place)
        end = rig.clock.now() + days * 86_400
        recorded = 0
        while rig.clock.now() < end:
            if recorded < 500:
                rig.record(10)
                recorded += 10
            wait = rig.ship(PATIENCE_SECONDS)
            assert 0 < wait < float("inf")
            rig.clock.pass_(min(wait, 600.0))
        attempts = sorted(set(rig.attempts))
        if days == 7:
            gaps = [later - earlier for earlier, later in pairwise(attempts)]
            assert min(gaps[-100:]) >= 3600
            assert len(attempts) < 7 * 24 + 16
        else:
            assert len(attempts) < 16
        assert len(rig.logged) == 1
        monkeypatch.undo()
        rig.send_to(well)
        rig.clock.pass_(4300)
        rig.ship()
        assert len(well.accepted) == recorded
        assert rig.dropped == {}


def no_such_name(*_: object, **_options: object) -> None:
    """An injected resolver: a real one would ask a name server outside. `test_network` has a real one."""
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def test_an_outage_that_ends_is_noticed_by_the_process_that_saw_it_begin(tmp_path: Path) -> None:
    with outage("503", ssl.create_default_context()) as place:
        assert place.server is not None
        with Host(["recorder.py", "100", "200", "stay"], tmp_path / "state", place.url) as host:
            wait_for(lambda: place.server and place.server.requests, "a first try")
            place.server.answer = Server().answer
            wait_for(lambda: len(place.server.accepted) == 200 if place.server else False, "all events", 45)
            steadily(lambda: host.process.poll() is None, "the host runs")
            assert_all_arrived(place.server, host)
