"""Fixtures of the tests on embedded ClickHouse."""

from collections.abc import Iterator

import pytest

from collector.tests.store.clickhouse.embedded_engine import close_all


@pytest.fixture
def one_engine_at_a_time() -> Iterator[None]:
    """A process can hold one embedded engine only, so each test ends its own."""
    yield
    close_all()
