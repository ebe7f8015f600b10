"""One real cluster for all tests here."""

from collections.abc import Iterator

import pytest

from tests.clickhouse.rig.cluster import Cluster, running


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two shards of two replicas. A test that ends a server starts it again."""
    with running(tmp_path_factory.mktemp("cluster")) as started:
        yield started
