"""A start that can't succeed is refused with one line that says what to do."""

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from collector.tests.app.http import ask, post
from collector.tests.receive.shapes import TOKEN, batch, event
from footfall_collector.app.gauges import PeriodicCheck
from footfall_collector.runtime.version import __version__
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


def test_off_loopback_no_key_is_added_by_a_request(tmp_path: Path) -> None:
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


def test_version_and_help_are_printed() -> None:
    ran = run("--version")
    assert (ran.returncode, ran.stdout) == (0, f"footfall-collector {__version__}\n")
    assert "footfall-collector serve --data" in run("--help").stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("serve", "--prot", "1"), "there is no --prot here; did you mean `--port`?"),
        (("serve", "--prot=1"), "did you mean `--port`?"),
        (("keys", "add", "--produkt", "dot-ai"), "did you mean `--product`?"),
        (("verify", "everything"), "there is no everything here"),
        (("export", "--from", "2026-13-01", "out"), "--from: write a day such as 2026-10-01, not '2026-13-01'"),
        (("retain", "--days", "x"), "--days: write a whole number of days, such as 180, not 'x'"),
        (("keys", "rotate", "--days", "x", "old"), "--days: write a whole number of days"),
    ],
)
def test_a_wrong_argument_is_explained(arguments: tuple[str, ...], says: str) -> None:
    ran = run(*arguments)
    assert (ran.returncode, says in ran.stderr, "Traceback" in ran.stderr) == (2, True, False)


def test_on_every_address_the_dashboards_address_is_one_that_answers(tmp_path: Path) -> None:
    env = {"FOOTFALL_SIGN_IN_SECRET": "correct horse battery"}
    with start_collector(tmp_path / "data", env, host="0.0.0.0") as collector:
        wait_for(lambda: "Ctrl-C stops" in collector.output, "the last line of the start")
        assert f"dashboard: http://127.0.0.1:{collector.port}/ (sign-in needed)" in collector.output
        assert "set allowed_hosts to the name" in collector.output
        assert ask(collector, "GET", "/sign-in").status == 200
    with start_collector(tmp_path / "data", env, host="0.0.0.0", allowed_hosts="a.org,.b.org") as collector:
        wait_for(lambda: "Ctrl-C stops" in collector.output, "the last line of the start")
        assert "by the names of allowed_hosts (a.org, .b.org)" in collector.output


def test_a_json_log_has_the_start_as_an_object_and_nothing_else_is_printed(tmp_path: Path) -> None:
    with start_collector(tmp_path / "data", log_format="json") as collector:
        (line,) = [told for told in map(json.loads, collector.output.splitlines()) if "address" in told]
        assert (line["address"], line["dashboard"]) == (collector.url, f"{collector.url}/")
        assert (line["data"], line["sign_in"]) == (str(tmp_path / "data"), False)
        assert ask(collector, "GET", "/healthz").status == 200


def test_a_nearly_full_disk_is_logged_without_a_request(tmp_path: Path) -> None:
    with start_collector(tmp_path / "data", disk_alarm_percent=100) as collector:
        wait_for(lambda: "under 100 % (disk_alarm_percent): make room" in collector.output, "the alarm")


def test_a_periodic_check_is_repeated_until_it_is_stopped() -> None:
    calls: list[int] = []
    check = PeriodicCheck(lambda: calls.append(1), seconds=0.01)
    check.start()
    wait_for(lambda: len(calls) >= 3, "a third call")
    check.stop()
    assert "footfall-watch" not in {thread.name for thread in threading.enumerate()}


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    ran = run("serve", "--data", str(tmp_path), FOOTFALL_PROT="1")
    assert ran.returncode == 2
    assert "FOOTFALL_PROT: there is no such setting" in ran.stderr
