"""An event is admitted the same whether it is read whole or, because of what else it contains, piece by piece."""

import json
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.tests.receive.shapes import event
from footfall.catalogue import catalogue_for
from footfall_collector.admit import Admission
from footfall_collector.admit.json_fragments import NOT_ADMISSIBLE, scalar_of

ADMISSION = Admission({"dot-ai": catalogue_for("dot-ai")}, b"0123456789abcdef")
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | FLOATS | st.text(max_size=20)
NAMES = ("distinct_id", "timestamp", "offset", "tool", "success", "duration_ms", "mcp_client", "dot_ai_version")
NOW = time.time()


def admitted(text: str) -> tuple[bytes, list[str | None]]:
    result = ADMISSION.admit("dot-ai", [msgspec.Raw(text.encode())], NOW)
    return result.lines, result.reasons


@given(st.dictionaries(st.sampled_from(NAMES), SCALARS, max_size=4))
def test_both_readings_of_an_event_give_the_same_line(changes: dict[str, Any]) -> None:
    one = event(**{"uuid": "6f5b2f6e-8f0c-4a39-9d0e-0a5a3d0c7b11", **changes})
    nested = {**one, "properties": {**one["properties"], "$nested": [{}, 0.5]}}
    assert admitted(json.dumps(one)) == admitted(json.dumps(nested))


@given(SCALARS.filter(lambda value: type(value) is not str))
def test_a_scalar_is_read_as_it_was_written_or_not_admissible(value: object) -> None:
    read = scalar_of(json.dumps(value).encode())
    assert (read == value and type(read) is type(value)) or (read is NOT_ADMISSIBLE and len(str(value)) > 30)


@given(st.text(max_size=60))
def test_a_text_is_read_as_it_was_written(text: str) -> None:
    read = scalar_of(json.dumps(text).encode())
    assert read == text or any(0xD800 <= ord(character) < 0xE000 for character in text)


@pytest.mark.parametrize("text", [b"[]", b'{"a":1}', b"1e999", b"-1e999", b"1" * 33, b"0." + b"3" * 40])
def test_what_is_no_usable_scalar_is_not_admissible(text: bytes) -> None:
    assert scalar_of(text) is NOT_ADMISSIBLE


def test_of_many_large_events_only_the_first_are_read() -> None:
    """Each of their properties would be made, in a slice of hundreds of events."""
    more: dict[str, Any] = {f"$sdk{n}": n for n in range(230)}
    large = event(**more)
    result = ADMISSION.admit("dot-ai", [msgspec.Raw(json.dumps(large).encode())] * 200, NOW)
    assert result.refused == {"too_many_properties": 200 - result.accepted}
    assert 20 < result.accepted < 120
