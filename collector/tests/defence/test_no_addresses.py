"""No sender's address is in any log, file or metric, after any kind of request."""

import ipaddress
import json
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

from collector.tests.access.test_sign_in import SECRET
from collector.tests.app.http import ask, post
from collector.tests.defence.wires import request, status, wire
from collector.tests.receive.shapes import batch, event
from tests.support.collector_process import start_collector
from tests.support.waiting import wait_for

SOURCES = ("127.0.0.7", "127.66.77.88", "127.9.8.250")
FORWARDED = ("203.0.113.77", "198.51.100.23", "2001:db8:77:88::99")
BEARER = {"Authorization": f"Bearer {SECRET}"}
BODIES = (batch(event()), batch(event("$pageview")), b"{", b"\x1f\x8bgarbage", batch(event(tool="x" * 5000)))


def forms(address: str) -> list[bytes]:
    """An address as text in its long and short forms, and as bytes."""
    parsed = ipaddress.ip_address(address)
    return [address.encode(), parsed.exploded.encode(), parsed.packed.hex().encode()]


def traffic(collector_port: int, source: str, forwarded: str) -> None:
    for path in ("/batch/", "/e/", "/i/v1/analytics/events", "/sign-in", "/nothing"):
        for body in BODIES:
            said = request(body, f"X-Forwarded-For: {forwarded}", f"X-Real-IP: {forwarded}", path=path)
            with socket.create_connection(("127.0.0.1", collector_port), 20, source_address=(source, 0)) as made:
                made.sendall(said)
                with suppress(ConnectionError):
                    made.recv(65536)


def test_no_address_is_anywhere(tmp_path: Path) -> None:
    env = {"FOOTFALL_SIGN_IN_SECRET": SECRET}
    limits: dict[str, Any] = {
        "unlimited_peers": "127.0.0.1",
        "peer_requests_per_minute": 20,
        "trusted_proxies": "127.9.8.250",
    }
    for form in ("json", "text"):
        data = tmp_path / form
        with start_collector(
            data, env, log_format=form, header_seconds=0.5, segment_seconds=0.1, **limits
        ) as collector:
            assert post(collector, batch(event())).status == 200
            for source, forwarded in zip(SOURCES, FORWARDED, strict=True):
                traffic(collector.port, source, forwarded)
                with wire(collector, source) as rude:
                    rude.sendall(b"\x16\x03\x01 no http\r\n\r\n")
                    assert status(rude) == 400
            wait_for(lambda: "gets 429" in collector.output, "the limit's line")
            shown = [
                ask(collector, "GET", path, headers=BEARER).body
                for path in ("/metrics", "/healthz", "/api/charts", "/")
            ]
            files = {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}
            assert any("journal" in str(path) for path in files)
        files |= {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}
        everything = [*shown, *files.values(), collector.output.encode(), *(str(path).encode() for path in files)]
        for address in (*SOURCES, *FORWARDED):
            for written in forms(address):
                assert not any(written in each for each in everything), address


def test_the_search_would_find_an_address(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("peer 203.0.113.77 said")
    assert any(form in (tmp_path / "log").read_bytes() for form in forms("203.0.113.77"))


ITS_OWN = {"address", "dashboard", "data", "sign_in"}
"""The other keys of the line at the start; they describe the collector, not a request."""


def test_json_lines_have_the_same_keys_and_nothing_of_a_request(tmp_path: Path) -> None:
    with start_collector(tmp_path, log_format="json", key_alarm_per_minute=1) as collector:
        post(collector, batch(event(), event(tool="my-secret-namespace-kx7")))
        wait_for(lambda: "come under a write key" in collector.output, "the alarm's line")
    lines = [json.loads(line) for line in collector.output.splitlines() if line.startswith("{")]
    assert lines
    for line in lines:
        assert set(line) - ITS_OWN == {"time", "level", "logger", "message"}
        assert line["level"] in ("info", "warning", "error")
    assert "kx7" not in collector.output
