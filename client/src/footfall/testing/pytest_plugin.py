"""The pytest plugin: the fixture `footfall_capture`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .capturing import CapturingTelemetry


@pytest.fixture
def footfall_capture() -> "Iterator[CapturingTelemetry]":
    """A capturing telemetry for one test: `instrument(server, footfall_capture)`."""
    from .capturing import capture

    with capture() as telemetry:
        yield telemetry
