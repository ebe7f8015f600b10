"""What is left to those on the path, and to those who only reach the collector's port."""

import gzip
import json
from pathlib import Path

import pytest

from client.tests.identity.kubernetes.certificates import Authority
from client.tests.support.server import Server
from collector.tests.app.http import ask
from footfall.send.wire import BatchSender, Delivered, Retry, request_body
from tests.attacks.parties.claims import Party, at_most
from tests.attacks.parties.fleet import KEY, SIGNED_IN, call, reading_paths
from tests.attacks.parties.relay import Relay
from tests.support.collector_process import CollectorProcess

TOOL = "a-tool-that-is-easy-to-find"
INSTANCE = "cluster_00000000000000aa"
CONTENT = (KEY, TOOL, INSTANCE, "tool_executed", "footfall")
BODY = request_body(KEY, [json.dumps(call(INSTANCE, TOOL)).encode()], 1_790_000_000)


def trusting(monkeypatch: pytest.MonkeyPatch, directory: Path, authority: Authority) -> dict[str, str]:
    """The environment of a sender that trusts an authority."""
    (directory / "ca.pem").write_bytes(authority.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(directory / "ca.pem"))
    return {"SSL_CERT_FILE": str(directory / "ca.pem")}


@at_most(Party.NETWORK, "over HTTPS: see both addresses, the times and the sizes")
def test_nothing_of_an_event_is_readable_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With HTTPS, the path carries the key, the instance ID or a name that can be read."""
    authority = Authority()
    with Server(tls=authority.server(tmp_path)) as server, Relay(server.port) as relay:
        sender = BatchSender(f"https://127.0.0.1:{relay.port}", trusting(monkeypatch, tmp_path, authority))
        assert isinstance(sender.post(BODY), Delivered)
        assert server.requests[0].body == BODY
    for word in CONTENT:
        assert word.encode() not in relay.recorded
    assert b"\x1f\x8b\x08" not in relay.recorded, "no compressed body either"


@at_most(Party.NETWORK, "over HTTPS: break the connection; the events wait on the sender's disk")
@pytest.mark.parametrize("attack", ["its own certificate", "changed bytes"])
def test_nobody_on_the_path_can_pose_as_the_server_or_change_an_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, attack: str
) -> None:
    """A sender gives its events to a server with a stranger's certificate, or a changed request is accepted."""
    authority, stranger = Authority(), Authority("a stranger's")
    poses = attack == "its own certificate"
    server_tls = (stranger if poses else authority).server(tmp_path)
    with Server(tls=server_tls) as server, Relay(server.port, None if poses else 900) as relay:
        sender = BatchSender(f"https://127.0.0.1:{relay.port}", trusting(monkeypatch, tmp_path, authority))
        assert isinstance(sender.post(BODY), Retry)
        assert server.requests == []
    assert TOOL.encode() not in relay.recorded


@at_most(
    Party.NETWORK, "over HTTP without TLS: read and change every event and the key, which `footfall preview` shows"
)
def test_plain_http_carries_what_the_preview_shows() -> None:
    """A request has more than the events and the key: an address of the machine, a cookie, another header."""
    with Server() as server, Relay(server.port) as relay:
        sender = BatchSender(f"http://127.0.0.1:{relay.port}", {})
        assert isinstance(sender.post(BODY), Delivered)
        (request,) = server.requests
    head, _, sent = bytes(relay.recorded).partition(b"\r\n\r\n")
    assert gzip.decompress(sent[: len(request.raw)]) == BODY
    names = {line.partition(b":")[0] for line in head.split(b"\r\n")[1:]}
    assert names <= {
        b"Host",
        b"Content-Type",
        b"Content-Encoding",
        b"Accept-Encoding",
        b"User-Agent",
        b"Content-Length",
    }


@at_most(Party.NETWORK, "without a sign-in: read the health checks, the pages' static files and what is published")
def test_nothing_is_answered_without_a_sign_in(guarded: CollectorProcess) -> None:
    """A page, a file, a chart, the metrics or `/mcp` is answered to anyone who reaches the port."""
    for path in reading_paths():
        for method in ("GET", "POST", "HEAD"):
            answer = ask(guarded, method, path)
            assert answer.status == 401, (method, path, answer.status)
            assert b"query" not in answer.body
    wrong = {"Authorization": f"Bearer {KEY}"}
    assert ask(guarded, "GET", "/api/charts/tool-usage", headers=wrong).status == 401, "the write key reads nothing"
    assert ask(guarded, "GET", "/api/charts/tool-usage", headers=SIGNED_IN).status == 200
    for path in ("/healthz", "/readyz", "/public/dot-ai/data.json"):
        answer = ask(guarded, "GET", path)
        assert answer.status == 200
        assert b"cluster_" not in answer.body
