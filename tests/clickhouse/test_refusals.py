"""The errors for an operator if the collector can't use the servers: the place, the problem and the fix."""

import dataclasses
from pathlib import Path

import pytest

from collector.tests.store.fill_store import CATALOGUES
from footfall_collector.store import StoreError
from footfall_collector.store.clickhouse import ClickHouseStore
from footfall_collector.store.clickhouse.address import ClickHouseAddress, parse_address
from tests.clickhouse.rig.cluster import Cluster

pytestmark = pytest.mark.timeout(300)


def refusal(data: Path, address: ClickHouseAddress) -> str:
    with pytest.raises(StoreError) as refused:
        ClickHouseStore(data, CATALOGUES, address)
    assert "swordfish" not in str(refused.value)
    return str(refused.value)


def test_a_wrong_password_and_an_unknown_user_are_told_with_the_settings_to_change(
    cluster: Cluster, tmp_path: Path
) -> None:
    server = cluster.servers[0]
    right = parse_address(cluster.url(server, database="refused"))
    wrong = refusal(tmp_path, dataclasses.replace(right, password="swordfish"))
    assert f"127.0.0.1:{server.place.tcp}" in wrong
    assert "refuses the password" in wrong
    assert "FOOTFALL_STORE_PASSWORD" in wrong
    unknown = refusal(tmp_path, dataclasses.replace(right, user="nobody", password="swordfish"))
    assert "know the user" in unknown
    assert "`store`" in unknown


@pytest.mark.parametrize("place", ["127.0.0.1:1", "no-such-host.invalid:9000"])
def test_a_server_that_cannot_be_reached_is_named_with_what_to_look_for(tmp_path: Path, place: str) -> None:
    message = refusal(tmp_path, parse_address(f"clickhouse://default@{place}/footfall"))
    assert place in message
    assert "no server can be reached there" in message
    assert "9000" in message
