"""The peers that are compiled: posthog-go and posthog-rs, built into `.artefacts` at their first use.

Modules and crates go to the toolchains' own caches. The Go program is pinned by its go.sum. The Rust program is pinned
by exact versions in its Cargo.toml, and Cargo chooses the versions of what these need once, at the first build.
"""

import functools
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from bench.results import ROOT

HERE = Path(__file__).parent
OUT = ROOT / ".artefacts/senders"
NICE = ("nice", "-n", "10")
"""Builds give way to whatever else the machine does."""
BUILD_SECONDS = 60 * 60


class NotBuiltError(Exception):
    """A program can't be had here; the message says why and what to do."""


def _go() -> Path:
    program = OUT / "posthog-go"
    command = ["go", "build", "-p", "1", "-mod=readonly", "-buildvcs=false", "-o", str(program), "."]
    _build("posthog-go", "Go 1.23 or newer, such as Debian's package golang-go", command, HERE / "posthog_go")
    return program


def _rust() -> Path:
    # A copy, because Cargo writes its lock file beside the sources.
    sources = shutil.copytree(HERE / "posthog_rs", OUT / "posthog_rs", dirs_exist_ok=True)
    command = ["cargo", "build", "--quiet", "--release", "--jobs", "1"]
    _build("posthog-rs", "Cargo of Rust 1.85 or newer, and a C compiler", command, sources)
    return sources / "target/release/with_posthog_rs"


def _build(name: str, needs: str, command: list[str], folder: Path) -> None:
    if shutil.which(command[0]) is None:
        raise NotBuiltError(f"{name} is not measured, because {command[0]} is not here: install {needs}")
    OUT.mkdir(parents=True, exist_ok=True)
    print(f"building {name}, unless it was built here before …", file=sys.stderr, flush=True)
    try:
        ended = subprocess.run(
            [*NICE, *command], cwd=folder, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise NotBuiltError(f"{name} is not measured: it was not built within {BUILD_SECONDS // 60} minutes") from None
    if ended.returncode:
        raise NotBuiltError(f"{name} is not measured: it needs {needs}, and this failed:\n{ended.stderr[-2000:]}")


_BUILDS: dict[str, Callable[[], Path]] = {"posthog-go": _go, "posthog-rs": _rust}
COMPILED = tuple(_BUILDS)


@functools.cache
def built(name: str) -> Path:
    """The program of one of COMPILED. Raises NotBuiltError where it can't be built."""
    return _BUILDS[name]()


def compiled_versions() -> dict[str, str]:
    """The peers' versions, from the files that pin them."""
    pinned = {
        "posthog-go": r"posthog-go v(\S+)",
        "posthog-rs": r'posthog-rs = "=([^"]+)"',
    }
    files = {"posthog-go": "posthog_go/go.mod", "posthog-rs": "posthog_rs/Cargo.toml"}
    return {name: re.findall(pattern, (HERE / files[name]).read_text())[0] for name, pattern in pinned.items()}
