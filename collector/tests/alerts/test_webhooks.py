"""Webhooks: what each receiver gets, by a real HTTP server; strangers' words mention nobody and end no code."""

import hashlib
import hmac
import json
import socket
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.tests.alerts.messages import AT, KEY, message
from footfall_collector.alerts.channels import Deadline, DeliveryError
from footfall_collector.alerts.channels.formats import BODIES
from footfall_collector.alerts.channels.webhooks import WebhookChannel
from footfall_collector.show.insight import code
from tests.support.capture_server import CaptureServer

KINDS = ("slack", "mattermost", "discord", "generic")
HOSTILE = ("@everyone", "<!channel>", "`@here`", "a`b**c", "</code>")
TEXT_FIELD = {"slack": "text", "mattermost": "text", "discord": "content", "generic": "text"}


def channel(url: str, kind: str = "generic", key: str = KEY) -> WebhookChannel:
    return WebhookChannel(f"{kind}:{url}", key, lambda: AT)


def test_a_generic_webhook_gets_json_and_a_signature_that_can_be_verified() -> None:
    with CaptureServer() as server:
        channel(f"{server.url}/hook?room=1").send(message(), Deadline())
    [request] = server.requests
    headers = dict(request.headers)
    assert (request.method, request.path) == ("POST", "/hook?room=1")
    stamp, _, digest = headers["Footfall-Signature"].partition(",v1=")
    expected = hmac.new(KEY.encode(), f"{int(AT)}.".encode() + request.body, hashlib.sha256).hexdigest()
    assert (stamp, digest) == (f"t={int(AT)}", expected)
    body = json.loads(request.body)
    assert body["id"] == headers["Footfall-Id"] == "error-rate-dot-ai-1-0"
    assert (body["kind"], body["product"], body["rule"]) == ("alert", "dot-ai", "error-rate")
    assert (body["text"], body["numbers"], body["at"]) == ("query fails.", {"rate": 0.5}, "2026-11-24T00:00:00Z")


def test_no_key_is_sent_and_without_one_there_is_no_signature() -> None:
    with CaptureServer() as server:
        channel(server.url).send(message(), Deadline())
        channel(server.url, key="").send(message(), Deadline())
        channel(server.url, "slack").send(message(), Deadline())
    signed, unsigned, chat = server.requests
    assert all(KEY not in str(request.headers) and KEY.encode() not in request.body for request in server.requests)
    assert "Footfall-Signature" in dict(signed.headers)
    assert "Footfall-Signature" not in dict(unsigned.headers) | dict(chat.headers)


def test_a_key_can_have_any_bytes() -> None:
    key = b"\xff\xfe of a random source"
    with CaptureServer() as server:
        channel(server.url, key=key.decode("utf-8", "surrogateescape")).send(message(), Deadline())
    [request] = server.requests
    stamp, _, digest = dict(request.headers)["Footfall-Signature"].removeprefix("t=").partition(",v1=")
    assert digest == hmac.new(key, stamp.encode() + b"." + request.body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("scheme", "answer", "sentence"),
    [
        ("https", b"HTTP/1.1 400 no TLS here\r\n\r\n", "TLS can't begin there"),
        ("http", b"220 mail.example.org ready\r\n", "its answer is no HTTP"),
    ],
)
def test_another_protocol_at_the_port_is_named(scheme: str, answer: bytes, sentence: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        thread = threading.Thread(target=greet)
        thread.start()
        with pytest.raises(DeliveryError) as error:
            channel(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}").send(message(), Deadline())
        thread.join()
    assert str(error.value).startswith(sentence)
    assert str(error.value).endswith("check the address's scheme and port")


def test_a_redirect_is_not_followed() -> None:
    with (
        CaptureServer() as other,
        CaptureServer(307, headers={"Location": f"{other.url}/hook"}) as server,
        pytest.raises(DeliveryError, match="redirect"),
    ):
        channel(server.url).send(message(), Deadline())
    assert len(server.requests) == 1
    assert other.connections == 0


def test_no_proxy_of_the_environment_gets_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    with CaptureServer() as proxy, CaptureServer() as server:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        channel(server.url).send(message(), Deadline())
    assert (len(server.requests), proxy.connections) == (1, 0)


@pytest.mark.parametrize("status", [400, 404, 410, 429, 500, 503])
def test_a_refusal_is_named_by_its_status_only(status: int) -> None:
    with CaptureServer(status, answer=b"token=secret") as server, pytest.raises(DeliveryError) as error:
        channel(f"{server.url}/services/T0/secret").send(message(), Deadline())
    assert str(error.value) == f"it answered {status}"


def test_nobody_listening_is_an_error_without_the_address() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        with pytest.raises(DeliveryError) as error:
            channel(f"http://127.0.0.1:{port}/services/secret").send(message(), Deadline())
    assert "secret" not in str(error.value)
    assert str(port) not in str(error.value)


def test_a_receiver_that_trickles_its_answer_is_cut_off() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        over = threading.Event()

        def trickle() -> None:
            connection, _ = listener.accept()
            with connection:
                try:
                    while not over.wait(0.02):
                        connection.sendall(b"X")
                except OSError:
                    return

        thread = threading.Thread(target=trickle)
        thread.start()
        began = time.monotonic()
        with pytest.raises(DeliveryError):
            channel(f"http://127.0.0.1:{listener.getsockname()[1]}").send(message(), Deadline(0.3))
        over.set()
        thread.join()
    assert time.monotonic() - began < 5


def test_a_stop_cuts_a_delivery_under_way_and_refuses_the_next() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        deadline, failures = Deadline(), []

        def deliver() -> None:
            try:
                channel(f"http://127.0.0.1:{listener.getsockname()[1]}").send(message(), deadline)
            except DeliveryError as error:
                failures.append(str(error))

        thread = threading.Thread(target=deliver)
        thread.start()
        connection, _ = listener.accept()
        with connection:
            connection.recv(1)
            deadline.stop()
            thread.join(5)
        deliver()
    assert not thread.is_alive()
    assert len(failures) == 2
    assert failures[1] == "the collector is stopping"


@pytest.mark.parametrize("kind", KINDS)
@given(word=st.one_of(st.text(max_size=300), st.sampled_from(HOSTILE)))
@settings(max_examples=60)
def test_no_word_of_a_stranger_leaves_its_code_or_mentions_anybody(kind: str, word: str) -> None:
    body = BODIES[kind](message(f"Tool {code(word)} fails."))
    text = body[TEXT_FIELD[kind]]
    if kind == "generic":
        assert text.startswith("Tool ")
        assert text.endswith(" fails.")
        return
    before, value, after = text.split("`")
    assert before.endswith("Tool ")
    assert after == " fails."
    assert not any(f"@{name}" in value for name in ("everyone", "here", "channel", "all"))
    assert value.isprintable() or "\u200b" in value
    if kind == "slack":
        assert "<" not in value
        assert ">" not in value
    if kind == "discord":
        assert body["allowed_mentions"] == {"parse": []}


@pytest.mark.parametrize(("kind", "limit"), [("slack", 3000), ("mattermost", 4000), ("discord", 2000)])
def test_a_long_message_is_cut_between_paragraphs(kind: str, limit: int) -> None:
    long = message()
    many = type(long)(**{**long.__dict__, "paragraphs": ("`a` " + "b" * 500,) * 20})
    text = BODIES[kind](many)[TEXT_FIELD[kind]]
    assert len(text) < limit
    assert text.endswith("…")
    assert text.count("`") % 2 == 0
