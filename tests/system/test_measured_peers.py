"""What peers are sent in measurements is what Footfall is sent, and what of it arrives is counted correctly."""

import gzip
import io
import json
import struct
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bench.client.senders.built import COMPILED, NotBuiltError, built, compiled_versions
from bench.client.senders.place import Place
from bench.collector.load.requests import Template, drawn_events
from bench.collector.otel.requests import otlp_request
from bench.collector.otel.server import WrittenFile, otel_version
from footfall.send.wire import event_suffix

SENT_AT = 1_795_478_400
PROPERTIES = {"tool": "recommend", "success": True, "duration_ms": 12.5, "tools": 300}
TEMPLATE = Template(tuple(("tool_executed", PROPERTIES) for _ in range(100)), event_suffix("cluster_0123", {"a": "b"}))


def fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """The fields of a protobuf message, in their order: number, and its text, message, number or eight bytes."""
    rest = io.BytesIO(message)

    def varint() -> int:
        number = shift = 0
        while True:
            (byte,) = rest.read(1)
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number

    readers: dict[int, Callable[[], Any]] = {0: varint, 1: lambda: rest.read(8), 2: lambda: rest.read(varint())}
    while rest.tell() < len(message):
        number, kind = divmod(varint(), 8)
        yield number, readers[kind]()


def attributes(message: bytes, number: int) -> dict[str, Any]:
    """The KeyValue fields with a number."""
    readers: dict[int, Callable[[Any], Any]] = {
        1: bytes.decode,
        2: bool,
        3: int,
        4: lambda c: struct.unpack("<d", c)[0],
    }
    found = {}
    for _, pair in (each for each in fields(message) if each[0] == number):
        (_, name), (_, value) = fields(pair)
        ((kind, content),) = fields(value)
        found[name.decode()] = readers[kind](content)
    return found


def test_the_collector_gets_the_same_events_as_footfall() -> None:
    head, body = otlp_request(TEMPLATE, 100, SENT_AT, Random(1)).split(b"\r\n\r\n", 1)
    assert head.startswith(b"POST /v1/logs HTTP/1.1\r\n")
    assert int(head.rpartition(b" ")[2]) == len(body)
    ((_, of_resource),) = fields(gzip.decompress(body))
    (_, resource), (_, scope_logs) = fields(of_resource)
    shared = attributes(resource, 1)
    assert shared["service.instance.id"] == "cluster_0123"
    assert shared["a"] == "b"
    records = [record for number, record in fields(scope_logs) if number == 2]
    sent = list(drawn_events(TEMPLATE, 100, SENT_AT, Random(1)))
    assert len({uuid for _, _, uuid, _ in sent}) == len(records) == 100
    for record, (name, happened, uuid, properties) in zip(records, sent, strict=True):
        assert attributes(record, 6) == {"uuid": uuid, **properties}
        assert dict(fields(record))[12] == name.encode()
        assert struct.unpack("<Q", dict(fields(record))[1])[0] == happened * 10**9


def test_a_request_is_counted_when_the_file_has_all_of_it(tmp_path: Path) -> None:
    written = WrittenFile(tmp_path / "written")
    assert written.requests() == 0
    whole = b"".join(len(message).to_bytes(4, "big") + message for message in (b"one", b"", b"three"))
    with written.path.open("wb") as file:
        for end, count in ((3, 0), (6, 0), (7, 1), (11, 2), (15, 2), (len(whole), 3)):
            file.seek(0)
            file.write(whole[:end])
            file.flush()
            assert written.requests() == count, end


def test_events_without_a_uuid_are_counted_one_by_one() -> None:
    with Place() as place:
        for batch in (["", ""], ["x", ""], ["x"]):
            body = json.dumps({"api_key": "k", "batch": [{"uuid": uuid} for uuid in batch]}).encode()
            urllib.request.urlopen(urllib.request.Request(f"{place.url}/batch/", body), timeout=10).close()
        assert place.arrived("k")["events"] == 5
        assert place.arrived("k")["distinct"] == 4


@pytest.mark.parametrize("name", COMPILED)
def test_a_peer_without_its_toolchain_says_what_to_install(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    built.cache_clear()
    with pytest.raises(NotBuiltError, match=f"^{name} is not measured, because .* is not here: install "):
        built(name)


def test_pinned_versions_are_named() -> None:
    assert set(compiled_versions()) == set(COMPILED)
    assert all(version[0].isdigit() for version in (*compiled_versions().values(), otel_version()))
