"""A key or an address that can never work is said at once, under its own name; any other is sent as it is."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from client.tests.support.server import Server
from footfall import Product, Telemetry
from footfall.send import BatchSender, Delivered, compressed, request_body
from footfall.settings import Settings

OWN = Product("dot-ai", version="2.2.0", write_key="phc_key")
SECRET = "5ecret"

KEYS = {
    "phc_5ecret\udcff": "has a character that no key has",
    "phc_\n5ecret": "has a character that no key has",
    "phc 5ecret": "has a character that no key has",
    "'phc_5ecret'": "has a character that no key has",
    '"phc_5ecret"': "has a character that no key has",
    "\u201cphc_5ecret\u201d": "has a character that no key has",
    "phc_\u200b5ecret": "has a character that no key has",
    "\ufeffphc_5ecret": "has a character that no key has",
    "phc_5ecret\u2060": "has a character that no key has",
    "phc_5ecr\u00e9t5ecret": "has a character that no key has",
    "phc_5ecret\u0661": "has a character that no key has",
    "phc_5ecret\x7f": "has a character that no key has",
    "phc_5ecret\\n": "has a character that no key has",
    "${5ecret}": "has a character that no key has",
    "<5ecret>": "has a character that no key has",
    "phc_5ecret" * 7: "is longer than 64 characters",
    "phx_5ecret": "is a personal key (phx_...)",
    "PHX_5ecret": "is a personal key (phx_...)",
    "phs_5ecret": "is a secure API key (phs_...)",
    "pha_5ecret": "is an access token (pha_...)",
    "phr_5ecret": "is a refresh token (phr_...)",
}
HOSTS = {
    "5ecret": "must be an http:// or https:// address",
    "ftp://5ecret": "must be an http:// or https:// address",
    "http:5ecret": "must be an http:// or https:// address",
    "http:/5ecret": "must be an http:// or https:// address",
    "http:///5ecret": "must be an http:// or https:// address",
    "http://": "must be an http:// or https:// address",
    "http://:80": "must be an http:// or https:// address",
    "http://5ecret:99999": "must have a port from 1 to 65535",
    "http://5ecret:65536": "must have a port from 1 to 65535",
    "http://5ecret:0": "must have a port from 1 to 65535",
    "http://5ecret:-1": "must have a port from 1 to 65535",
    "http://5ecret:1:2": "must have a port from 1 to 65535",
    "http://5ecret:http": "must have a port from 1 to 65535",
    "http://5ecret:\uff18\uff10": "must have a port from 1 to 65535",
    "http://5ecret:8_0": "must have a port from 1 to 65535",
    "http://[::1": "must be an http:// or https:// address",
    "http://::1]": "must be an http:// or https:// address",
    "http://::1": "must be an http:// or https:// address",
    "http://[::1]5ecret": "must be an http:// or https:// address",
    "http://[5ecret]": "has brackets that hold no IPv6 address",
    "http://[127.0.0.1]": "has brackets that hold no IPv6 address",
    "http://[fe80::1%eth0]": "has brackets that hold no IPv6 address",
    "http://user:5ecret@host": "holds a user name or a password",
    "https://5ecret@host": "holds a user name or a password",
    "http://@host": "holds a user name or a password",
    "http://host/?key=5ecret": "has a `?` or a `#`",
    "http://host?": "has a `?` or a `#`",
    "http://host/#5ecret": "has a `?` or a `#`",
    "http://5ecret host": "has a host that no computer can be named",
    "http://5ecret\thost": "has a host that no computer can be named",
    "http://5ecret\nhost": "has a host that no computer can be named",
    'http://"5ecret"': "has a host that no computer can be named",
    "http://5ecret..host": "has a host that no computer can be named",
    "http://.5ecret": "has a host that no computer can be named",
    "http://" + "a" * 64: "has a host that no computer can be named",
    "http://300.1.1.1": "has a host of numbers that is no IP address",
    "http://1.2.3.4.5": "has a host of numbers that is no IP address",
    "http://5ecret\u200b.example": "has a host with characters beyond ASCII",
    "http://5ecret\udcff": "has a host with characters beyond ASCII",
    "http://stra\u00dfe-5ecret.example": "has a host with characters beyond ASCII",
    "http://\uff11\uff12\uff17.0.0.1": "has a host with characters beyond ASCII",
    "http://host\\5ecret": "has a character in its path",
    "http://host/5ecret path": "has a character in its path",
    "http://host/5ecret\x00": "has a character in its path",
    "http://host/5ecr\u00e9t": "has a character in its path",
    "http://host/5ecret%": "has a character in its path",
    "http://host/5ecret%zz": "has a character in its path",
    "http://host/../5ecret": "has a `.` or `..` in its path",
    "http://host/%2e%2E/5ecret": "has a `.` or `..` in its path",
    "http://host/" + "5ecret" * 400: "is longer than 2,048 characters",
}


def only_line(product: Product, state: Path, caplog: pytest.LogCaptureFixture, **variables: str) -> str:
    """The one line that the log has of a start with telemetry off."""
    caplog.clear()
    environ = {"DOT_AI_TELEMETRY_STATE_DIR": str(state / "state"), **variables}
    with caplog.at_level(logging.DEBUG, "footfall"):
        telemetry = Telemetry(product, environ)
        telemetry.server_started()
        telemetry.close()
    assert not telemetry.active
    assert not (state / "state").exists()
    (line,) = caplog.messages
    assert SECRET not in line
    assert line.endswith(". Nothing is sent")
    return line


@pytest.mark.parametrize(("key", "problem"), KEYS.items(), ids=ascii)
def test_a_key_that_can_never_work_is_said_under_its_name(
    key: str, problem: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    line = only_line(OWN, tmp_path, caplog, DOT_AI_POSTHOG_KEY=key)
    assert line.startswith(f"dot-ai telemetry is off: DOT_AI_POSTHOG_KEY {problem}")
    line = only_line(Product("dot-ai", write_key=key), tmp_path, caplog)
    assert line.startswith(f"dot-ai telemetry is off: Product(write_key=...) {problem}")


@pytest.mark.parametrize(("host", "problem"), HOSTS.items(), ids=ascii)
def test_an_address_that_can_never_work_is_said_under_its_name(
    host: str, problem: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    line = only_line(OWN, tmp_path, caplog, DOT_AI_POSTHOG_HOST=host)
    assert line.startswith(f"dot-ai telemetry is off: DOT_AI_POSTHOG_HOST {problem}")
    line = only_line(Product("dot-ai", write_key="phc_key", host=host), tmp_path, caplog)
    assert line.startswith(f"dot-ai telemetry is off: Product(host=...) {problem}")
    assert "DOT_AI_" not in line


def test_both_are_said_in_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    line = only_line(OWN, tmp_path, caplog, DOT_AI_POSTHOG_HOST="x", DOT_AI_POSTHOG_KEY="phc x")
    assert "DOT_AI_POSTHOG_HOST must be" in line
    assert "; DOT_AI_POSTHOG_KEY has" in line


@pytest.mark.parametrize("value", [b"phc_key", 7, ["phc_key"]])
def test_what_is_no_text_is_said_too(value: object, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    product = Product("dot-ai", write_key=value)  # type: ignore[arg-type] # on purpose
    assert "Product(write_key=...) has a character" in only_line(product, tmp_path, caplog)
    product = Product("dot-ai", write_key="phc_key", host=value)  # type: ignore[arg-type] # on purpose
    assert "Product(host=...) must be an http" in only_line(product, tmp_path, caplog)


def test_a_key_that_the_product_s_code_does_not_find_is_no_key() -> None:
    product = Product("dot-ai", write_key=os.environ.get("NO_SUCH_VARIABLE"))  # type: ignore[arg-type] # as hosts do
    assert (Settings.read(product, {}).key, Settings.read(product, {}).error) == ("", "")


@pytest.mark.parametrize(
    ("host", "normal"),
    [
        ("HTTP://Collector.Example", "http://collector.example"),
        ("hTTps://collector.example:8765/", "https://collector.example:8765"),
        ("http://collector.example:", "http://collector.example"),
        ("http://collector.example:0080/a//", "http://collector.example:80/a"),
        (" http://my_collector:8765\n", "http://my_collector:8765"),
        ("http://127.1:8765", "http://127.1:8765"),
        ("http://[::FFFF:127.0.0.1]:8765", "http://[::ffff:127.0.0.1]:8765"),
        ("http://b\u00fccher.example", "http://xn--bcher-kva.example"),
        ("http://xn--bcher-kva.example", "http://xn--bcher-kva.example"),
        ("http://host/a%2fb/~c@d;e=f", "http://host/a%2Fb/~c@d;e=f"),
        ("http://host/batch/", "http://host/batch"),
    ],
)
def test_an_address_that_works_has_one_form(host: str, normal: str) -> None:
    read = Settings.read(OWN, {"DOT_AI_POSTHOG_HOST": host, "DOT_AI_POSTHOG_KEY": "phc_theirs"})
    assert (read.host, read.error, read.warnings) == (normal, "", ())


PARTS = st.sampled_from(
    (
        *("http://", "HTTP://", "127.0.0.1", "LOCALHOST", "localhost", ":", ":PORT", "/", "//", "/a", "/%41", "/%e9"),
        *("%", "?", "#", "@", "[", "]", "[::1]", " ", "\n", "\t", "\udcff", "\u200b", "\u00fc", "\uff11", "'", '"'),
        *("..", "/.", "/batch", ";", "\\", "\x00", "\r\nX: y", "user:pw@", "0", "1"),
    )
)
ADDRESSES = st.lists(PARTS, max_size=8).map("".join) | st.text(max_size=12).map("http://127.0.0.1:PORT/{}".format)
KEY_TEXT = st.text(max_size=12) | st.text(st.sampled_from("phc_x5AZ-. \n'\"\\\u200b\udcff\x00"), max_size=70)
MANY = 3000 if os.environ.get("SOAK") else 300


@settings(deadline=None, max_examples=MANY, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(address=ADDRESSES, key=KEY_TEXT)
@example(address="HTTP://127.0.0.1:PORT/a;b/%e9//", key="phc_a-b.C")
@example(address="http://LOCALHOST:PORT/batch/", key=" phc_x\n")
def test_any_text_is_an_error_or_is_sent_byte_for_byte(address: str, key: str, one_server: Server) -> None:
    host = address.replace("PORT", str(one_server.port))
    read = Settings.read(Product("dot-ai"), {"DOT_AI_POSTHOG_HOST": host, "DOT_AI_POSTHOG_KEY": key})
    if read.error:
        assert read.error.isascii()
        assert read.error.isprintable()
        return
    parts = urlsplit(read.host)
    if not read.key or (parts.hostname, parts.port) not in {(n, one_server.port) for n in ("127.0.0.1", "localhost")}:
        return  # without a key nothing is sent, and the address of another computer is not tried here
    sender = BatchSender(read.host, {})
    body = request_body(read.key, [b'{"uuid":"one"}'], 0)
    before = len(one_server.requests)
    assert isinstance(sender.post(body), Delivered)
    sender.close()
    (request,) = one_server.requests[before:]
    shown = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    head = sender.request_head(compressed(body))
    assert head.split("\r\n")[0] == f"POST {request.path} HTTP/1.1"
    assert sorted(shown.split("\r\n")) == sorted(head.partition("\r\n")[2].split("\r\n"))
    assert request.body == body
    assert f'"api_key":"{key.strip()}"'.encode() in request.body


@pytest.fixture(scope="module")
def one_server() -> Iterator[Server]:
    with Server() as server:
        yield server


PROGRAM = """
import logging
logging.basicConfig(format="%(message)s")
from footfall import Product, Telemetry
telemetry = Telemetry(Product("dot-ai", write_key="phc_key"))
print(telemetry.active)
"""


def test_a_real_environment_may_hold_bytes_that_are_not_utf_8(tmp_path: Path) -> None:
    environment = {b"HOME": bytes(tmp_path), b"DOT_AI_POSTHOG_KEY": b"phc_5ecret\xff\xe2\x80"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, check=True)
    assert done.stdout == b"False\n"
    assert done.stderr.startswith(b"dot-ai telemetry is off: DOT_AI_POSTHOG_KEY has a character that no key has")
    assert done.stderr.count(b"\n") == 1
    assert b"5ecret" not in done.stderr
