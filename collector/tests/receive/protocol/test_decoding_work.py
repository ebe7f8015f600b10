"""The bounds of a decoder and of a JSON text, without a clock and without a parser."""

import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from collector.tests.receive.shapes import event
from footfall_collector.receive.protocol.decoding_work import FREE_BYTES, PIECE, DecodingWork
from footfall_collector.receive.protocol.encodings import DECODERS, gunzip
from footfall_collector.receive.protocol.structure import SMALL_TEXT, check_structure
from footfall_collector.receive.refusals import RefusedError

MAX = 8 << 20
BOMB = b" " * (4 * FREE_BYTES)
RATIO = 200
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda text: gzip.compress(text, 1),
    "deflate": lambda text: zlib.compress(text, 1),
    "zstd": lambda text: zstandard.compress(text, 1),
}


class Clock:
    """Processor time that passes when it is told to."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def refusal(call: Callable[[], Any]) -> str:
    with pytest.raises(RefusedError) as refused:
        call()
    return refused.value.reason


def test_a_stream_that_takes_long_for_its_bytes_is_refused() -> None:
    clock = Clock()
    work = DecodingWork(MAX, cpu_clock=clock)
    for _ in range(4):
        work.receive(PIECE)
        work.produce(4 * PIECE)
        clock.seconds += 0.001
    clock.seconds += 0.1
    assert refusal(lambda: work.receive(PIECE)) == "decoding_too_slow"


def test_bytes_that_decode_to_nothing_earn_nothing() -> None:
    work = DecodingWork(MAX, RATIO)
    for _ in range(3):
        work.receive(PIECE)
        work.produce(0)
    assert work.room() == min(MAX, RATIO * 3 * PIECE), "as long as they may still decode to something"
    assert refusal(lambda: work.produce(FREE_BYTES + RATIO * 3 * PIECE + 1)) == "decoded_too_large"


@pytest.mark.parametrize("padding", [b"\0" * 60_000, gzip.compress(b"") * 14], ids=["zeros", "members"])
def test_padding_behind_a_bomb_buys_no_decoded_bytes(padding: bytes) -> None:
    """The bound is not the ratio times the size as sent: 60 kB of padding would buy 12 MB."""
    bomb = gzip.compress(BOMB, 9)
    assert refusal(lambda: gunzip(bomb + padding, RATIO * len(bomb + padding), RATIO)) == "decoded_too_large"
    assert gunzip(gzip.compress(b"{}") + padding, MAX, RATIO) == b"{}"


@given(st.sampled_from(sorted(PACKERS)), st.lists(st.binary(max_size=3000), max_size=6), st.integers(0, 60))
def test_what_an_encoder_made_is_decoded_within_the_bounds(name: str, parts: list[bytes], copies: int) -> None:
    text = b"".join(part * copies for part in parts)
    assert DECODERS[name](PACKERS[name](text), MAX, RATIO) == text


@pytest.mark.parametrize("events", [1, 100, 10_000])
def test_the_largest_honest_batch_is_within_the_structure(events: int) -> None:
    """Also with what an SDK adds, and pretty-printed."""
    more: dict[str, Any] = {f"$sdk{n}": n for n in range(10)}
    browser = event(**more)
    whole = {"api_key": "k", "batch": [browser] * events}
    check_structure(json.dumps(whole).encode(), events)
    check_structure(json.dumps({**whole, "batch": [browser] * min(events, 100)}, indent=2).encode(), events)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(b"0," * 300_000, "batch_too_large", id="values"),
        pytest.param(b"{}" * 100_000, "batch_too_large", id="objects"),
        pytest.param(b"[" * 100_000, "batch_too_large", id="depth"),
        pytest.param(b'"' + b"\\u0041" * 300_000 + b'"', "padded_body", id="escapes"),
        pytest.param(b"{" + b" " * 300_000 + b"}", "padded_body", id="white space"),
        pytest.param(b"x" * SMALL_TEXT + b"[" + b"7" * 4000, "batch_too_large", id="digits"),
    ],
)
def test_more_structure_than_a_batch_has_is_refused(text: bytes, reason: str) -> None:
    assert refusal(lambda: check_structure(text, 10_000)) == reason
