"""Only UUIDs in their canonical form are taken as they are."""

import pytest

from footfall_collector.admit.client_batch import are_canonical_uuids, is_canonical_uuid

UUID = b"f5b16522-4a58-4791-8f6a-f1d8303e61cd"
NAMED = b'uuid":"' + UUID


@pytest.mark.parametrize(
    "names",
    [
        [UUID[:-1], b"d" + UUID],
        [UUID + b"," + NAMED, b""],
        [b"", UUID + b"," + NAMED],
        [NAMED, NAMED + b","],
        [NAMED, UUID],
        [NAMED, NAMED.replace(b"uuid", b"uui1")],
    ],
)
def test_a_comma_inside_a_uuid_and_another_name_are_found(names: list[bytes]) -> None:
    assert are_canonical_uuids([NAMED, NAMED])
    assert not are_canonical_uuids(names)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        (b"f5b16522-4a58-4791-8f6a-f1d8303e61cd", True),
        (b"F5B16522-4a58-4791-8f6a-f1d8303e61cd", False),
        (b"f5b16522-4a58-4791-8f6a-f1d8303e61cx", False),
        (b"f5b16522-4a58-4791-8f6a-f1d8303e61c", False),
        (b"f5b165224a58-47910-8f6a-f1d8303e61cd", False),
        (b"xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", False),
    ],
)
def test_only_the_canonical_form_of_a_uuid_is_accepted(text: bytes, fits: bool) -> None:
    assert is_canonical_uuid(text) is fits
