"""The wheels, installed in a separate environment, work on every Python of this machine."""

import json
import os
import re
import subprocess
import sys
import urllib.request
import warnings
from pathlib import Path

import pytest

from deploy.tests.once import built_packages
from scripts.release.packages import ROOT, pinned
from scripts.setup.pythons import RUNNING, interpreter, supported
from tests.docs.pages import blocks_of
from tests.support.collector_process import CollectorProcess, start_collector, start_command
from tests.support.waiting import wait_for

BIN = Path(sys.executable).parent
VERSIONS = supported("client")
TYPED = """
from footfall import Product, Telemetry
from footfall.catalogue import ToolExecuted

telemetry = Telemetry(Product("dot-ai", version="1.2.3", write_key="phc_wheel"))
telemetry.record(ToolExecuted(tool="a", success=True, duration_ms=1.0, mcp_client="other"))
telemetry.record("no event")  # type: ignore[arg-type]
"""
TYPED_COLLECTOR = """
from footfall_collector.runtime import Settings

host: str = Settings().host
port: str = Settings().port  # type: ignore[assignment]
"""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Distribution's name to its wheel."""
    return {path.name.split("-")[0]: path for path in built_packages(tmp_path_factory).glob("*.whl")}


@pytest.fixture(scope="module")
def pins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the versions that everything is tested with."""
    path = tmp_path_factory.mktemp("pins") / "pins.txt"
    path.write_text("\n".join(pinned(ROOT)))
    return path


def run(*command: str | Path, cwd: Path, **environment: str) -> None:
    """Run a command with these variables, no configuration of its user's, and a home of their own."""
    variables = {"PATH": os.environ["PATH"], "HOME": str(cwd), **environment}
    kept = ("PIP_INDEX_URL", "PIP_CONFIG_FILE", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_CONFIG_FILE", "SSL_CERT_FILE")
    variables |= {name: os.environ[name] for name in kept if name in os.environ}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=variables,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{done.args}\n{done.stdout}{done.stderr}"


def serving(python: Path, home: Path) -> CollectorProcess:
    """`footfall-collector serve` of an environment, from nothing: no home, no settings but the port."""
    variables = {"PATH": os.defpath, "HOME": str(home), "FOOTFALL_PORT": "0", "PYTHONUNBUFFERED": "1"}
    command = [str(python.with_name("footfall-collector")), "serve"]
    return start_command(command, variables, home / "footfall-data", cwd=home)


def calls(address: str) -> dict[str, int]:
    """Tool to its calls, as the chart has them."""
    with urllib.request.urlopen(f"{address}/api/charts/tool-usage?internal=all", timeout=10) as answer:
        chart = json.load(answer)
    named = [dict(zip(chart["columns"], row, strict=True)) for row in chart["rows"]]
    return {row["tool"]: row["calls"] for row in named}


def one_event_is_counted(python: Path, collector: CollectorProcess, home: Path) -> None:
    """A client of the environment delivers an event; the collector shows it, and its page."""
    telemetry = {"DOT_AI_POSTHOG_HOST": collector.url, "DOT_AI_TELEMETRY_GRACE_SECONDS": "0", "NO_PROXY": "*"}
    run(python, Path(__file__).with_name("in_wheel.py"), cwd=home, **telemetry)
    wait_for(lambda: calls(collector.url) == {"recommend": 1}, "the call to be counted", 30)
    with urllib.request.urlopen(collector.url, timeout=10) as page:
        assert b"<html" in page.read()


def environment(version: str, place: Path, wheels: dict[str, Path], pins: Path) -> Path:
    """An environment of that Python with the wheels that are for it; its interpreter."""
    found = interpreter(version)
    if found is None:
        pytest.skip(f"no Python {version} on this machine")
    python = place / "venv/bin/python"
    if version == RUNNING:
        # As the documents say it, with pip; the wheels stand where the registry's would.
        run(found, "-m", "venv", "venv", cwd=place)
        pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--constraint", pins)
        run(python, *pip, "--find-links", wheels["footfall"].parent, "footfall-collector", cwd=place)
        return python
    # uv's cache serves all of these and every later run. What is pinned is for the collector's Pythons; an older one
    # gets the newest that there is for it, as its users do.
    both = version in supported("collector")
    collector = f"{wheels['footfall_collector']}[mcp]"
    chosen = ["--constraint", pins, wheels["footfall"], collector] if both else [wheels["footfall"]]
    uv = BIN / "uv"
    subprocess.run([uv, "venv", "--quiet", "--no-config", "--python", found, place / "venv"], check=True)
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, *chosen], check=True, cwd=place)
    subprocess.run([uv, "pip", "check", "--quiet", "--python", python], check=True, cwd=place)
    return python


@pytest.mark.timeout(300)
@pytest.mark.parametrize("version", VERSIONS)
def test_the_wheels_work_from_nothing_and_are_typed(
    version: str, wheels: dict[str, Path], pins: Path, tmp_path: Path
) -> None:
    python = environment(version, tmp_path, wheels, pins)
    home = tmp_path / "home"
    home.mkdir()
    both = version in supported("collector")
    with serving(python, home) if both else start_collector(tmp_path / "data") as collector:
        one_event_is_counted(python, collector, home)
    assert both is (home / "footfall-data").is_dir()
    if both and version != RUNNING:  # with the extra that the endpoint for assistants needs
        run(python, "-c", "import footfall_collector.show.mcp.tools", cwd=home)
    (home / "typed.py").write_text(TYPED + (TYPED_COLLECTOR if both else ""))
    # `strict` objects to an ignored error that is none, as everything is where types are missing.
    check = (BIN / "mypy", "--strict", "--config-file=", "--cache-dir", tmp_path / "cache")
    run(*check, "--python-executable", python, "typed.py", cwd=home)


def test_the_pythons_claimed_are_those_from_the_oldest_required_on() -> None:
    for name in ("client", "collector"):
        (oldest,) = re.findall(r'requires-python = ">=(3\.\d+)"', (ROOT / name / "pyproject.toml").read_text())
        first = int(oldest.partition(".")[2])
        versions = supported(name)
        assert versions == [f"3.{first + n}" for n in range(len(versions))]


def test_what_is_not_on_this_machine_is_said_and_the_running_python_is_there() -> None:
    assert RUNNING in supported("collector")
    assert interpreter(RUNNING) is not None
    missing = [version for version in VERSIONS if interpreter(version) is None]
    if missing:
        warnings.warn(f"the wheels were NOT tried on Python {', '.join(missing)}: not on this machine", stacklevel=1)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("page", "programs"),
    [
        ("docs/install.md", ("footfall", "footfall-collector", "footfall-toolkit")),
        ("docs/instrument.md", ("footfall",)),
    ],
)
def test_a_checkout_is_installed_as_its_page_says(
    page: str, programs: tuple[str, ...], pins: Path, tmp_path: Path
) -> None:
    (command,) = (block.text for block in blocks_of(ROOT / page) if block.text.startswith("pip install ./"))
    run(sys.executable, "-m", "venv", "venv", cwd=tmp_path)
    bin_ = tmp_path / "venv/bin"
    variables = {
        "PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}",
        "PIP_CONSTRAINT": str(pins),
        "PIP_QUIET": "1",
        "PIP_CACHE_DIR": os.path.expanduser("~/.cache/pip"),  # a second run downloads nothing
        "HOME": str(tmp_path),
    }
    run("bash", "-euc", command, cwd=ROOT, **variables)
    run(bin_ / "python", "-c", "from mcp import Client", cwd=tmp_path)
    for program in programs:
        run(bin_ / program, "--help", cwd=tmp_path)
