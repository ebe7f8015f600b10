"""Every shape in which PostHog's SDKs send events is read as the same events."""

import base64
import importlib
import json
import zlib
from typing import Any
from urllib.parse import quote

import pytest
import zstandard

from collector.tests.receive.protocol.lz_writer import compress
from collector.tests.receive.shapes import TOKEN, batch, event, form_of, gzipped
from footfall_collector.receive.limits.sizes import Limits
from footfall_collector.receive.protocol.decoded_request import EventBatch
from footfall_collector.receive.protocol.v0 import EncodedRequest, V0Request, read_text
from footfall_collector.receive.refusals import RefusedError

brotli: Any = importlib.import_module("brotli")  # it has neither annotations nor stubs
ONE = event()
BODY = batch(ONE)
FORM = "application/x-www-form-urlencoded"
LIMITS = Limits(body_bytes=100_000, decoded_bytes=200_000, batch_events=50)


def read(body: bytes, **parts: object) -> EventBatch:
    request = EncodedRequest(body, **parts)  # type: ignore[arg-type]  # a test's short hand
    return V0Request(*read_text(request, LIMITS)).read_batch(LIMITS)


def names_in(received: EventBatch) -> list[str]:
    return [json.loads(bytes(raw))["uuid"] for raw in received.events]


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        pytest.param(BODY, {}, id="plain"),
        pytest.param(gzipped(BODY), {"content_encoding": "gzip"}, id="gzip by header"),
        pytest.param(gzipped(BODY), {"content_type": "text/plain"}, id="gzip by its first bytes alone"),
        pytest.param(gzipped(BODY), {"query": b"compression=gzip-js"}, id="gzip by the query"),
        pytest.param(BODY, {"query": b"compression=gzip-js"}, id="said to be gzip, already decoded on the way"),
        pytest.param(gzipped(BODY[:50]) + gzipped(BODY[50:]), {"content_encoding": "gzip"}, id="gzip in two members"),
        pytest.param(zlib.compress(BODY), {"content_encoding": "deflate"}, id="deflate"),
        pytest.param(brotli.compress(BODY), {"content_encoding": "br"}, id="br"),
        pytest.param(zstandard.compress(BODY), {"content_encoding": "zstd"}, id="zstd"),
        pytest.param(base64.b64encode(BODY), {}, id="base64 without a name"),
        pytest.param(base64.b64encode(BODY), {"query": b"compression=base64"}, id="base64 by the query"),
        pytest.param(base64.b64encode(gzipped(BODY)), {}, id="base64 around gzip"),
        pytest.param(form_of(BODY), {"content_type": FORM}, id="form with base64"),
        pytest.param(form_of(gzipped(BODY), compression="gzip-js"), {"content_type": FORM}, id="form with gzip"),
        pytest.param(b"data=" + quote(BODY).encode(), {"content_type": FORM}, id="form with plain JSON"),
        pytest.param(form_of(BODY), {"content_type": "text/plain"}, id="form by its first bytes"),
        pytest.param(compress(BODY.decode()), {"query": b"compression=lz64"}, id="lz64"),
        pytest.param(b"", {"query": b"data=" + quote(base64.b64encode(BODY)).encode()}, id="query"),
    ],
)
def test_an_event_is_the_same_in_every_encoding(body: bytes, parts: dict[str, object]) -> None:
    received = read(body, **parts)
    assert names_in(received) == [ONE["uuid"]]
    assert received.token == TOKEN


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param({**ONE, "api_key": TOKEN}, id="one event, api_key"),
        pytest.param({**ONE, "token": f"  {TOKEN} "}, id="one event, token to be trimmed"),
        pytest.param(
            {**ONE, "properties": {**ONE["properties"], "token": TOKEN}}, id="one event, token in its properties"
        ),
        pytest.param([{**ONE, "token": TOKEN}], id="a bare list"),
        pytest.param({"token": TOKEN, "batch": [ONE]}, id="batch with token"),
        pytest.param({"batch": [{**ONE, "api_key": TOKEN}], "historical_migration": True}, id="key in the first event"),
    ],
)
def test_an_event_is_the_same_in_every_shape(shape: object) -> None:
    received = read(json.dumps(shape).encode())
    assert names_in(received) == [ONE["uuid"]]
    assert received.token == TOKEN


def test_the_senders_clock_is_read_from_the_body_or_from_the_query() -> None:
    assert read(batch(ONE, sent_at="2026-11-23T22:14:35.715Z")).sent_at == 1795472075.715
    assert read(BODY, query=b"_=1795472075715").sent_at == 1795472075.715
    assert read(batch(ONE, sent_at=5), query=b"_=soon").sent_at is None


@pytest.mark.parametrize(
    ("body", "parts", "status"),
    [
        pytest.param(b"", {}, 400, id="empty"),
        pytest.param(b"{", {}, 400, id="half of JSON"),
        pytest.param(b"[1,2", {}, 400, id="half of a list"),
        pytest.param(b"null", {}, 400, id="neither object nor list"),
        pytest.param(b"{}", {}, 400, id="neither batch nor event"),
        pytest.param(b'{"api_key":"k","batch":{}}', {}, 400, id="batch that is no list"),
        pytest.param(b'{"api_key":"k","batch":[]}', {}, 400, id="empty batch"),
        pytest.param(b"[" * 10_000, {}, 400, id="deep nesting"),
        pytest.param(b'{"batch":[' + b"[" * 10_000, {}, 400, id="deep nesting in a batch"),
        pytest.param(b"[" * 90_000, {}, 413, id="more nesting than events need"),
        pytest.param(b"\xff\xfe{}", {}, 400, id="bytes that are no text"),
        pytest.param(gzipped(BODY)[:-9], {"content_encoding": "gzip"}, 400, id="gzip cut short"),
        pytest.param(BODY, {"content_encoding": "gzip"}, 400, id="not gzip at all"),
        pytest.param(BODY, {"content_encoding": "compress"}, 400, id="an encoding nobody knows"),
        pytest.param(b"%%%", {"query": b"compression=base64"}, 400, id="not base64"),
        pytest.param(b"%%%", {"query": b"compression=rot13"}, 400, id="a compression nobody knows"),
        pytest.param(b"%%%", {"query": b"compression=lz64"}, 400, id="not lz64"),
        pytest.param(b"x", {"query": "ü=1".encode()}, 400, id="a query that is no ASCII"),
        pytest.param(json.dumps({"batch": [ONE]}).encode(), {}, 401, id="no key"),
        pytest.param(json.dumps({"api_key": 7, "batch": [ONE]}).encode(), {}, 401, id="a key that is no text"),
        pytest.param(json.dumps({"api_key": "phx_personal", "batch": [ONE]}).encode(), {}, 401, id="a personal key"),
        pytest.param(json.dumps({"api_key": "k" * 65, "batch": [ONE]}).encode(), {}, 401, id="a key too long"),
        pytest.param(json.dumps({"api_key": "k\0", "batch": [ONE]}).encode(), {}, 401, id="a key with NUL"),
        pytest.param(b"x" * 100_001, {}, 413, id="body too large"),
        pytest.param(gzipped(b" " * 300_000), {}, 413, id="gzip bomb by its first bytes"),
        pytest.param(gzipped(b"[" * 300_000), {"content_encoding": "gzip"}, 413, id="gzip bomb"),
        pytest.param(zlib.compress(b" " * 300_000), {"content_encoding": "deflate"}, 413, id="deflate bomb"),
        pytest.param(brotli.compress(b" " * 300_000), {"content_encoding": "br"}, 413, id="br bomb"),
        pytest.param(zstandard.compress(b" " * 300_000), {"content_encoding": "zstd"}, 413, id="zstd bomb"),
        pytest.param(gzipped(b"") * 4000 + gzipped(BODY), {}, 400, id="thousands of gzip members"),
        pytest.param(batch(*[ONE] * 51), {}, 413, id="too many events"),
        pytest.param(b'{"api_key":"k","batch":[' + b"1," * 49_000 + b"1]}", {}, 413, id="too many small things"),
    ],
)
def test_an_unreadable_body_is_refused_with_a_plain_sentence(
    body: bytes, parts: dict[str, object], status: int
) -> None:
    with pytest.raises(RefusedError) as refused:
        read(body, **parts)
    assert refused.value.status == status
    assert refused.value.sentence.endswith(".")


def test_a_body_of_a_few_gzip_members_is_read_as_one() -> None:
    members = gzipped(BODY[:20]) + gzipped(b"") + gzipped(BODY[20:])
    assert read(members, content_encoding="gzip") == read(BODY)


def test_the_limit_holds_for_two_layers_of_gzip() -> None:
    with pytest.raises(RefusedError) as refused:
        read(gzipped(gzipped(b" " * 50_000_000)), content_encoding="gzip")
    assert refused.value.status == 413
