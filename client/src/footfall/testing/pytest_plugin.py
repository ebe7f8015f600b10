"""The pytest plugin: the fixture `footfall_capture`, and the word that pytest runs this process.

Before 8.2, pytest says that in the environment only while a test runs, and not while it imports the tests and what they
import, such as a module with the host's telemetry. Here it is said as pytest 8.2 says it.
"""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .capturing import CapturingTelemetry


_VERSION = "PYTEST_VERSION"


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Pytest begins: nothing of the host's is imported yet."""
    if _VERSION not in os.environ:
        os.environ[_VERSION] = pytest.__version__
        early_config.add_cleanup(_ends)


def _ends() -> None:
    os.environ.pop(_VERSION, None)


@pytest.fixture
def footfall_capture() -> "Iterator[CapturingTelemetry]":
    """A capturing telemetry for one test: `instrument(server, footfall_capture)`."""
    from .capturing import capture

    with capture() as telemetry:
        yield telemetry
