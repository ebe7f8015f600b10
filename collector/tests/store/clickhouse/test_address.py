"""The address of a ClickHouse store: its parts, its refusals, and the places where a password may not appear."""

from pathlib import Path

import pytest

from footfall_collector.runtime import SettingsError, read_settings
from footfall_collector.store import StoreError
from footfall_collector.store.clickhouse.address import ClickHouseAddress, parse_address


def test_every_part_of_an_address_is_read() -> None:
    found = parse_address("clickhouse://ann:s%40crit@one:9001,two/usage?cluster=big&quorum=1&secure=1")
    assert found == ClickHouseAddress((("one", 9001), ("two", 9000)), "usage", "ann", "s@crit", "big", 1, True)
    assert parse_address("clickhouse://[::1]:9000", "apart") == ClickHouseAddress(
        (("::1", 9000),), "footfall", "default", "apart"
    )
    assert "s@crit" not in repr(found)


@pytest.mark.parametrize(
    "text",
    [
        "duck",
        "http://h/db",
        "clickhouse://",
        "clickhouse://h/a`b",
        "clickhouse://h/db?clutser=x",
        "clickhouse://h:x/db",
    ],
)
def test_what_is_no_address_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(StoreError, match=r"^store: ") as refused:
        parse_address(text)
    assert "clutser" not in str(refused.value)


def test_a_password_on_the_command_line_is_refused(tmp_path: Path) -> None:
    flags = {"data": str(tmp_path), "store": "clickhouse://ann:secret@h/db"}
    with pytest.raises(SettingsError, match="FOOTFALL_STORE_PASSWORD") as refused:
        read_settings(flags, {})
    assert "secret" not in str(refused.value)
    given = read_settings({"data": str(tmp_path)}, {"FOOTFALL_STORE": flags["store"]})
    assert "secret" not in repr(given)
