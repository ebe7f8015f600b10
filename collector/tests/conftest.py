"""Fixtures of the collector's tests."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.collector_process import none_left

RECORDED = Path(__file__).parents[2] / "tests" / "data" / "dot-ai-batch.json"


@pytest.fixture(autouse=True)
def no_collector_left() -> Iterator[None]:
    """A test that fails half-way leaves no collector running."""
    with none_left():
        yield


@pytest.fixture
def recorded_body() -> dict[str, Any]:
    """The body of the request that was recorded from the TypeScript client of dot-ai."""
    body: dict[str, Any] = json.loads(RECORDED.read_text("utf-8"))["body"]
    return body
