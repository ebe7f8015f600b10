"""A server that real uvx and real pipx run: the command that its notice names works in the user's shell."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.tests.once import built_packages
from scripts.release.packages import ROOT

UV = Path(sys.executable).parent / "uv"
PIPX = "pipx==1.18.4"
BUILD_PINS = ROOT / "deploy/images/build.txt"
HOST = {
    "pyproject.toml": """
[build-system]
requires = ["hatchling==1.33.0"]
build-backend = "hatchling.build"
[project]
name = "host-server"
version = "1.0.0"
dependencies = ["footfall"]
[project.scripts]
host-server = "host_server:main"
""",
    "host_server/__init__.py": """
from footfall import Product, Telemetry

def main() -> None:
    telemetry = Telemetry(Product("dot-ai", version="1.2.3", write_key="phc_host"))
    telemetry.server_started()
    telemetry.close()
""",
}
RUNNERS = {
    "uvx": ("uvx", "--from", "{wheel}", "host-server"),
    "pipx": ("pipx", "run", "--spec", "{wheel}", "host-server"),
}


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder where the runners find footfall."""
    return built_packages(tmp_path_factory)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of a server that depends on footfall."""
    source, place = tmp_path_factory.mktemp("host"), tmp_path_factory.mktemp("server")
    for name, text in HOST.items():
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_text(text)
    hashes = ("--build-constraints", BUILD_PINS, "--require-hashes")
    subprocess.run([UV, "build", "--quiet", "--wheel", *hashes, "--out-dir", place, source], check=True)
    (wheel,) = place.glob("*.whl")
    return wheel


@pytest.fixture
def shell(packages: Path, tmp_path: Path) -> dict[str, str]:
    """The variables of a user's shell, with both runners on its path."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("uv", "uvx"):
        (programs / name).symlink_to(UV.with_name(name))
    runner = programs / "pipx"
    runner.write_text(f'#!/bin/sh\nexec {UV} tool run --quiet "{PIPX}" "$@"\n')
    runner.chmod(0o755)
    kept = {name: os.environ[name] for name in os.environ if name.startswith(("PIP_", "UV_", "SSL_"))}
    home = {"HOME": str(tmp_path / "home"), "PATH": f"{programs}{os.pathsep}{os.defpath}"}
    sources = {"UV_FIND_LINKS": str(packages), "PIP_FIND_LINKS": str(packages)}
    return kept | sources | home | {"DOT_AI_POSTHOG_HOST": "http://127.0.0.1:9"}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("runner", RUNNERS)
def test_the_command_of_the_notice_turns_telemetry_off(
    runner: str, server: Path, shell: dict[str, str], tmp_path: Path
) -> None:
    start = [word.format(wheel=server) for word in RUNNERS[runner]]

    def run(command: list[str]) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            command, env=shell, cwd=tmp_path, capture_output=True, text=True, timeout=200, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done

    first = run(start).stderr
    named = re.search(r"\b((?:uvx|pipx run) footfall) off\b", first)
    assert named, first
    footfall = named[1].split()
    state = [*footfall, "status", "--product", "dot-ai", "--json"]
    assert json.loads(run(state).stdout)["telemetry"] == "on"
    run([*footfall, "off", "--product", "dot-ai"])
    assert json.loads(run(state).stdout)["telemetry"] == "off"
    assert "footfall" not in run(start).stderr
