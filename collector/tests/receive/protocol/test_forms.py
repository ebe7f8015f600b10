"""Forms and queries are read as the standard library reads them, in linear time."""

import binascii
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall_collector.receive.protocol.forms import MAX_FIELDS, is_form, parse_fields
from footfall_collector.receive.refusals import RefusedError

TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40)
ANY_ESCAPES = st.text(alphabet="%=&+ab4C1_~ \t", max_size=60)


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=8), st.sampled_from([quote, quote_plus]))
def test_fields_are_those_that_the_standard_library_reads(pairs: list[tuple[str, str]], quoted: Any) -> None:
    encoded = urlencode(pairs, quote_via=quoted, safe="~*'()!;:@,$/?=")
    lines_as_spaces = {ord("\r"): " ", ord("\n"): " "}
    expected = dict(reversed(parse_qsl(encoded.translate(lines_as_spaces), keep_blank_values=True)))
    assert parse_fields(encoded.encode()) == expected


@given(st.binary(max_size=200) | ANY_ESCAPES.map(str.encode))
def test_any_bytes_are_read_or_refused(noise: bytes) -> None:
    try:
        fields = parse_fields(noise)
    except RefusedError:
        return
    assert sum(map(len, fields.values())) <= len(noise)


@given(ANY_ESCAPES.filter(lambda text: "&" not in text))
def test_the_memory_of_a_value_is_bounded_by_its_text(text: str) -> None:
    plain = text.encode().replace(b"=", b"%3D")
    assert len(binascii.a2b_qp(plain)) <= len(plain)


@pytest.mark.parametrize(
    "encoded",
    [
        pytest.param(b"a=b&" * MAX_FIELDS, id="many fields"),
        pytest.param(b"data=" + b"=" * 2000, id="many equals signs"),
        pytest.param("data=ü".encode(), id="bytes beyond ASCII"),
    ],
)
def test_what_no_sdk_sends_is_refused(encoded: bytes) -> None:
    with pytest.raises(RefusedError) as refused:
        parse_fields(encoded)
    assert refused.value.reason == "malformed_form"


@pytest.mark.parametrize(
    ("body", "content_type", "form"),
    [
        (b"data=e30", "", True),
        (b"compression=lz64&data=e30", "application/x-www-form-urlencoded; charset=utf-8", True),
        (b' {"api_key":"k"}', "application/x-www-form-urlencoded", False),
        (b"compression=lz64&data=e30", "text/plain", False),
    ],
)
def test_json_is_no_form_whatever_its_type(body: bytes, content_type: str, form: bool) -> None:
    assert is_form(body, content_type) is form
