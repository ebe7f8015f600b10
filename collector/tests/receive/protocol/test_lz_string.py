"""Bodies compressed by lz-string are read, and hostile ones end at the bound."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.tests.receive.protocol.lz_writer import compress
from footfall_collector.receive.protocol.lz_string import MAX_TEXT, DamagedError, TooLargeError, decompress


@pytest.mark.parametrize(
    ("compressed", "text"),
    [
        ("BYUwNmD2AEoTcpA=", "hello hello hello"),
        ("IZA=", "a"),
        (
            (
                "N4IghgDglg+g1gUwJ4gFwggCwMbwIwgA0ICAbggHYAuaIVA9vQDYwIAeC2ArlQgCZEMAJ3oQEQqlAQBnNKAbNaAH4oB77PT4"
                "IABIF4NwAB72hUyOMTxkAF9LQA=="
            ),
            '{"api_key":"phc_k1","event":"tool_executed","properties":{"tool":"ünïcode 😀 tool tool tool"}}',
        ),
    ],
)
def test_a_text_compressed_by_lz_string_itself_is_read(compressed: str, text: str) -> None:
    """Made with `LZString.compressToBase64` of lz-string 1.5.0."""
    assert decompress(compressed.encode(), 200) == text.encode()
    assert compress(text).rstrip(b"A=") == compressed.encode().rstrip(b"A=")


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=400))
def test_any_compressed_text_is_decompressed(text: str) -> None:
    assert decompress(compress(text), 10_000) == text.encode()


@given(st.binary(max_size=300))
def test_any_bytes_are_decoded_or_refused(noise: bytes) -> None:
    try:
        decompress(noise, 1000)
    except (DamagedError, TooLargeError):
        return


def test_a_small_text_that_decodes_past_the_limit_is_refused() -> None:
    with pytest.raises(TooLargeError):
        decompress(compress("a" * 50_000), 10_000)


def test_a_text_too_long_to_be_decoded_quickly_is_refused() -> None:
    with pytest.raises(TooLargeError):
        decompress(b"A" * (MAX_TEXT + 1), 10**9)
