"""A start that can't be is refused in one line that says what to do."""

import os
import socket
import subprocess
import sys
from pathlib import Path

from collector.tests.app.http import ask, post
from collector.tests.receive.shapes import TOKEN, batch, event
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.waiting import wait_for


def run(*arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith("FOOTFALL_")}
    command = [sys.executable, "-m", "footfall_collector", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=surroundings | env, check=False)


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ran = run("serve", "--data", str(tmp_path), "--port", port)
    assert ran.returncode == 1
    (line,) = ran.stderr.splitlines()
    assert f"port {port} on 127.0.0.1 is taken" in line
    assert "--port" in line


def test_a_data_directory_in_use_is_named(collector: CollectorProcess) -> None:
    ran = run("serve", "--data", str(collector.data_dir), "--port", "0")
    assert ran.returncode == 1
    (line,) = ran.stderr.splitlines()
    assert "another collector uses" in line
    assert post(collector, batch(event())).status == 200


def test_off_loopback_it_does_not_start_without_a_secret(tmp_path: Path) -> None:
    ran = run("serve", "--data", str(tmp_path), "--host", "0.0.0.0", "--port", "0")
    assert ran.returncode == 2
    (line,) = ran.stderr.splitlines()
    assert "FOOTFALL_SIGN_IN_SECRET" in line
    weak = run("serve", "--data", str(tmp_path), "--port", "0", FOOTFALL_SIGN_IN_SECRET="hunter2")
    assert weak.returncode == 2
    assert "hunter2" not in weak.stderr


def test_off_loopback_no_key_is_adopted(tmp_path: Path) -> None:
    env = {"FOOTFALL_SIGN_IN_SECRET": "correct horse battery"}
    with start_collector(tmp_path / "data", env, host="0.0.0.0") as collector:
        assert post(collector, batch(event())).status == 401
        added = run("keys", "add", "--data", str(collector.data_dir), TOKEN)
        assert (added.returncode, TOKEN in added.stdout) == (0, True)
        wait_until_accepted(collector)
        assert TOKEN in run("keys", "list", "--data", str(collector.data_dir)).stdout
        assert run("keys", "revoke", "--data", str(collector.data_dir), TOKEN).returncode == 0
        assert ask(collector, "GET", "/healthz").status == 200


def test_a_key_of_an_unknown_product_says_how_to_add_the_product(tmp_path: Path) -> None:
    ran = run("keys", "add", "--data", str(tmp_path), "--product", "hello", "phc_hello")
    assert ran.returncode == 1
    said = "--product hello: no such product; known are dot-ai. Add [products.hello] to"
    assert f"{said} {tmp_path}/footfall.toml, then restart the collector" in ran.stderr
    (tmp_path / "footfall.toml").write_text("[products.dot-ai]\n[products.hello]\n")
    assert run("keys", "add", "--data", str(tmp_path), "--product", "hello", "phc_hello").returncode == 0
    assert "--product dot-ai or hello" in run("keys", "add", "--data", str(tmp_path)).stderr


def wait_until_accepted(collector: CollectorProcess) -> None:
    wait_for(lambda: post(collector, batch(event())).status == 200, what="the new key")


def test_help_shows_an_example() -> None:
    for arguments in (["serve"], ["keys", "add"]):
        ran = run(*arguments, "--help")
        assert ran.returncode == 0
        assert "example:" in ran.stdout
    assert "FOOTFALL_RETENTION_DAYS" in run("serve", "--help").stdout
    assert "SIGN_IN" not in run("serve", "--help").stdout


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    ran = run("serve", "--data", str(tmp_path), FOOTFALL_PROT="1")
    assert ran.returncode == 2
    assert "FOOTFALL_PROT: there is no such setting" in ran.stderr
