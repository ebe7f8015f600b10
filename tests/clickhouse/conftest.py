"""A real cluster, shared by all tests of the package."""

from collections.abc import Iterator

import pytest

from tests.clickhouse.rig.cluster import Cluster, running


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two shards of two replicas, for all tests."""
    with running(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture
def cluster(started: Cluster) -> Iterator[Cluster]:
    """The cluster with all its servers: what a failed test killed runs again before the next one."""
    yield started
    started.restart()
