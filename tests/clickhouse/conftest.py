"""A real cluster, shared by all tests of the package."""

from collections.abc import Iterator

import pytest

from tests.clickhouse.rig.cluster import Cluster, running


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two shards of two replicas. A test that kills a server restarts it."""
    with running(tmp_path_factory.mktemp("cluster")) as started:
        yield started
