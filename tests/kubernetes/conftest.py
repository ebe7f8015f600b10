"""One control plane for all tests here: it takes ten seconds to start."""

from collections.abc import Iterator

import pytest

from tests.kubernetes.control_plane import ControlPlane, control_plane


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with control_plane(tmp_path_factory.mktemp("control-plane")) as running:
        yield running
