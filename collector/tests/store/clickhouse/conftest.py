"""What tests of a store of their own share."""

from collections.abc import Iterator

import pytest

from collector.tests.store.clickhouse.embedded import close_all


@pytest.fixture
def one_engine_at_a_time() -> Iterator[None]:
    """A process can hold no second embedded engine: the one of a test ends with it."""
    yield
    close_all()
