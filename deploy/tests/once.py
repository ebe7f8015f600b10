"""Slow, read-only fixtures are made once for all workers of a run."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.release.packages import ROOT, build


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """The folder that the first worker who comes lets `make` fill; the others wait for it."""
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    place, made = shared / name, shared / f"{name}.made"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            place.mkdir()
            make(place)
            made.touch()
    return place


def built_packages(factory: pytest.TempPathFactory) -> Path:
    """The folder of this tree's wheels and sdists."""
    return once(factory, "packages", lambda place: build(ROOT, place))
