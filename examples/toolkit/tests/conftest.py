import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.demo.standin import KUBECONFIG, StandIn


@pytest.fixture
def no_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "there-is-no-such-file"))


@pytest.fixture
def standin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """A Kubernetes API over real HTTP, where nodes may not be read."""
    running = StandIn(forbidden=("nodes",)).start()
    point_at(running.kubeconfig, tmp_path, monkeypatch)
    yield running
    running.stop()


@pytest.fixture
def dead_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kubeconfig whose server is gone: the port was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    point_at(KUBECONFIG.format(url=f"http://127.0.0.1:{port}"), tmp_path, monkeypatch)


def point_at(kubeconfig: str, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = directory / "kubeconfig"
    path.write_text(kubeconfig)
    monkeypatch.setenv("KUBECONFIG", str(path))
