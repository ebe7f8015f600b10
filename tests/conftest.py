"""What the tests of the whole system share."""

import os
from collections.abc import Iterator

import pytest

from tests.support.collector_process import none_left

# Everything here speaks to servers on this machine, which a proxy of the surroundings would not find.
os.environ.update(NO_PROXY="127.0.0.1,localhost", no_proxy="127.0.0.1,localhost")


@pytest.fixture(autouse=True)
def no_collector_left() -> Iterator[None]:
    """A test that fails half-way leaves no collector running."""
    with none_left():
        yield
