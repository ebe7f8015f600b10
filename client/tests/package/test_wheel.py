"""The client's wheel stands alone: three dependencies, nothing of the collector, and an import that starts nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
UV = Path(sys.executable).parent / "uv"

PROBE = """
import json, os, sys, threading
opened = []
def hook(event, arguments):
    # Importing may read modules. It must not open, connect or start anything else.
    name = str(arguments[0]) if arguments else ""
    if event == "open" and not name.endswith((".py", ".pyc", ".so")) and "site-packages" not in name:
        opened.append(name)
    if event.startswith(("socket.", "subprocess.", "_thread.", "os.system", "os.fork", "os.mkdir")):
        opened.append(event)
before = set(sys.modules)
sys.addaudithook(hook)
import footfall
light = sorted(m for m in set(sys.modules) - before)
from footfall import Product, Telemetry
from footfall.catalogue import ToolExecuted
print(json.dumps({
    "light": light,
    "opened": opened,
    "threads": threading.active_count(),
    "collector": [m for m in sys.modules if m.startswith("footfall_collector")],
    "late": [m for m in ("urllib3", "platformdirs") if m in sys.modules],
}))
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a virtual environment that has only the client's wheel."""
    place = tmp_path_factory.mktemp("wheel")
    subprocess.run([UV, "build", "--wheel", "-q", "-o", place / "dist", ROOT / "client"], check=True)
    subprocess.run([UV, "venv", "-q", "-p", sys.executable, place / "venv"], check=True)
    wheel = next((place / "dist").glob("*.whl"))
    python = place / "venv" / "bin" / "python"
    subprocess.run([UV, "pip", "install", "-q", "-p", python, wheel], check=True)
    return python


def test_it_pulls_in_msgspec_urllib3_and_platformdirs_and_nothing_else(environment: Path) -> None:
    listed = subprocess.run(
        [UV, "pip", "list", "-q", "-p", environment, "--format", "json"], check=True, capture_output=True
    ).stdout
    assert {p["name"] for p in json.loads(listed)} == {"footfall", "msgspec", "urllib3", "platformdirs"}


def test_importing_it_starts_no_thread_and_opens_no_file_and_no_socket(environment: Path) -> None:
    probe = subprocess.run([environment, "-I", "-B", "-c", PROBE], check=True, capture_output=True, text=True).stdout
    seen = json.loads(probe)
    assert seen["opened"] == []
    assert seen["threads"] == 1
    assert seen["collector"] == []
    assert seen["late"] == []
    assert not {"asyncio", "http", "logging", "msgspec", "socket", "ssl", "threading"} & set(seen["light"])


def test_its_command_runs_and_its_types_are_shipped(environment: Path) -> None:
    environ = {**os.environ, "HOME": str(environment.parent)}
    command = environment.parent / "footfall"
    shown = subprocess.run([command, "dictionary"], check=True, capture_output=True, text=True, env=environ).stdout
    assert "tool_executed" in shown
    told = subprocess.run([command, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    listed = next((environment.parents[1]).glob("lib/*/site-packages/footfall-*.dist-info")).name
    assert told == f"footfall {listed.removeprefix('footfall-').removesuffix('.dist-info')}"
    assert list(environment.parents[1].glob("lib/*/site-packages/footfall/py.typed"))


def test_pytest_finds_its_plugin_which_loads_nothing_else(environment: Path) -> None:
    listed = next(
        (environment.parents[1]).glob("lib/*/site-packages/footfall-*.dist-info/entry_points.txt")
    ).read_text()
    assert "[pytest11]\nfootfall = footfall.testing.pytest_plugin" in listed
    code = (
        "import sys, footfall.testing.pytest_plugin; print(*sorted(m for m in sys.modules if m.startswith('footfall')))"
    )
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert shown.split() == ["footfall", "footfall.testing", "footfall.testing.pytest_plugin", "footfall.version"]


def test_off_imports_nothing_below_the_decision(environment: Path) -> None:
    code = (
        "import sys\nfrom footfall import Product, Telemetry\nt = Telemetry(Product('dot-ai', write_key='phc_x'))\n"
        "t.record(None); t.server_started(); t.flush(); t.close()\n"
        "print(t.active, sorted(m for m in sys.modules if m.split('.')[0] in "
        "('msgspec', 'urllib3', 'platformdirs', 'ssl', 'socket', 'footfall')))"
    )
    environ = {"DOT_AI_TELEMETRY": "false", "PATH": os.environ["PATH"]}
    shown = subprocess.run([environment, "-I", "-c", code], check=True, capture_output=True, text=True, env=environ)
    imported = shown.stdout.strip()
    assert imported == (
        "False ['footfall', 'footfall.record', 'footfall.record.manual_calls', 'footfall.settings', "
        "'footfall.settings.opt_out', 'footfall.settings.product', 'footfall.telemetry', 'footfall.version']"
    )
    assert shown.stderr == ""
