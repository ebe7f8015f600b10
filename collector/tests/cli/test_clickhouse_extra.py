"""Without the extra `clickhouse` everything works but that store, which says how to install its driver."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.collector_process import start_collector

WITHOUT_DRIVER = "import sys; sys.modules['clickhouse_driver'] = None; from footfall_collector.cli import main; "
ADDRESS = "clickhouse://footfall@127.0.0.1:1/footfall"


def run_without_driver(*arguments: str) -> "subprocess.CompletedProcess[str]":
    program = f"{WITHOUT_DRIVER}sys.exit(main({list(arguments)!r}))"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    "arguments", [("serve", "--port", "0", "--store", ADDRESS), ("rebuild",), ("migrate", "--to", ADDRESS)]
)
def test_without_its_driver_the_clickhouse_store_is_refused_with_the_command_that_installs_it(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    with start_collector(tmp_path):
        pass
    if arguments == ("rebuild",):
        (tmp_path / "footfall.toml").write_text(f"store = '{ADDRESS}'")
    ran = run_without_driver(arguments[0], "--data", str(tmp_path), *arguments[1:])
    assert ran.returncode == 2
    (line,) = ran.stderr.splitlines()
    assert line.endswith("install it: pip install 'footfall-collector[clickhouse]'")


def test_without_the_driver_the_default_store_works(tmp_path: Path) -> None:
    with start_collector(tmp_path):
        pass
    ran = run_without_driver("rebuild", "--data", str(tmp_path))
    progress = [line for line in ran.stderr.splitlines() if line.endswith(" so far")]
    assert (ran.returncode, ran.stderr.splitlines()) == (0, progress)
