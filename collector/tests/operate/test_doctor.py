"""`doctor` against real collectors, running and stopped: each planted fault is found, and the line says what to do."""

import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from collector.tests.app.http import post
from collector.tests.operate.commands import done, give, run
from collector.tests.receive.shapes import TOKEN, batch, event
from footfall_collector.runtime import replace_file, with_checksum
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.waiting import wait_for


def examined(data: Path, *words: str) -> dict[str, list[dict[str, Any]]]:
    """Check ID to its results; the exit code agrees with them."""
    ran = run(data, "doctor", "--json", *words)
    answer = json.loads(ran.stdout)
    needs_action = any(check["level"] == "action" for check in answer["checks"])
    assert (answer["needs_action"], ran.returncode) == (needs_action, int(needs_action)), ran.stderr
    found: dict[str, list[dict[str, Any]]] = {}
    for check in answer["checks"]:
        found.setdefault(check["id"], []).append(check)
    return found


def needed(data: Path, check: str) -> str:
    """What a check says is to be done, with its text."""
    return " ".join(f"{each['text']} {each['todo']}" for each in examined(data)[check] if each["level"] == "action")


def levels(found: dict[str, list[dict[str, Any]]]) -> set[str]:
    return {check["level"] for checks in found.values() for check in checks}


def stamp(**before: float) -> str:
    return (datetime.now(UTC) - timedelta(**before)).strftime("%Y-%m-%dT%H:%M:%SZ")


def recent(collector: CollectorProcess, **changes: Any) -> None:
    give(collector, event(timestamp=stamp(minutes=1), **changes))


def test_a_collector_that_needs_nothing_gets_no_action_running_or_stopped(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with start_collector(data) as collector:
        recent(collector)
        assert levels(examined(data)) == {"ok"}
    found = examined(data)
    assert levels(found) <= {"ok", "note"}
    assert found["collector"][0]["text"] == f"no collector runs on {data}"


def test_each_check_is_one_line_with_what_to_do(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with start_collector(data) as collector:
        recent(collector)
        assert post(collector, batch(event(), sent_at=stamp()), host="stats.example.org").status == 403
        ran = run(data, "doctor")
    assert ran.returncode == 1
    lines = ran.stdout.splitlines()
    assert all(line.split(maxsplit=1)[0] in ("ok", "note", "ACTION") for line in lines)
    [hosts] = [line for line in lines if line.startswith("ACTION")]
    assert "stats.example.org refused -> add a name that is yours to allowed_hosts" in hosts


def test_an_operator_can_leave_out_a_check(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with start_collector(data) as collector:
        recent(collector)
        assert post(collector, batch(event()), host="stats.example.org").status == 403
        assert needed(data, "hosts")
        assert "hosts" not in examined(data, "--skip", "hosts")
        assert run(data, "doctor", "--skip", "hosts").returncode == 0


def test_arrivals_that_a_proxy_or_a_key_or_a_clock_spoils_are_found(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with start_collector(data) as collector:
        recent(collector)
        assert post(collector, batch(event()), x_forwarded_for="203.0.113.9").status == 200
        assert post(collector, batch(event()).replace(TOKEN.encode(), b"phc_of_nobody")).status == 401
        assert post(collector, batch(event(), sent_at=stamp(hours=5))).status == 200
        assert "5 hours ahead of the clocks of 1 sender" in needed(data, "clock")
        assert "add the proxy's address to trusted_proxies" in needed(data, "proxies")
        assert "footfall-collector keys add" in needed(data, "keys")
        shown = run(data, "doctor").stdout
        assert "203.0.113.9" not in shown
        assert "phc_of_nobody" not in shown


def test_a_trusted_proxy_that_names_no_sender_is_found(tmp_path: Path) -> None:
    data = tmp_path / "data"
    environment = {"FOOTFALL_SIGN_IN_SECRET": "a secret of the test"}
    with start_collector(data, env=environment, trusted_proxies="127.0.0.1") as collector:
        assert post(collector, batch(event(timestamp=stamp()))).status == 200
        assert "X-Forwarded-For" in needed(data, "proxies")
        assert post(collector, batch(event(timestamp=stamp())), x_forwarded_for="203.0.113.9").status == 200
        assert needed(data, "proxies") == ""


def test_a_product_without_a_key_and_a_disk_under_its_limit_are_found(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    (data / "footfall.toml").write_text("disk_alarm_percent = 100\n[products.dot-ai]\n[products.other-product]\n")
    done(data, "keys", "add", "--product", "dot-ai", TOKEN)
    with start_collector(data):
        for _ in ("running", "stopped"):
            assert "disk_alarm_percent" in needed(data, "disk")
            assert "other-product has no write key" in needed(data, "keys")


def test_what_became_other_has_the_line_that_names_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    (data / "footfall.toml").write_text('[products.dot-ai]\ntools = ["query"]\n')
    with start_collector(data) as collector:
        recent(collector, tool="brand_new")
        line = 'tools = ["query", "NAME"] below [products.dot-ai] in footfall.toml'
        assert line in needed(data, "other")
    assert line in needed(data, "other"), "stopped"


def test_settings_are_looked_at_before_a_restart_finds_them_wrong(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with start_collector(data) as collector:
        recent(collector)
        (data / "footfall.toml").write_text("query_seconds = 9\n")
        newer = time.time() + 5
        os.utime(data / "footfall.toml", (newer, newer))
        assert "restart it" in needed(data, "settings")
        (data / "footfall.toml").write_text("prot = 1\n")
        assert "did you mean `port`?" in needed(data, "settings")
        assert "lag" in examined(data), "the rest is looked at too"
    assert "did you mean `port`?" in needed(data, "settings"), "stopped"


def test_secrets_that_others_can_read_are_found(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with start_collector(data) as collector:
        recent(collector)
        for name in ("pepper", "copies/keys.json"):
            (data / name).chmod(0o644)
        assert f"chmod 600 {data / 'pepper'} {data / 'copies' / 'keys.json'}" in needed(data, "permissions")
    data.chmod(0o755)
    assert f"chmod o= {data}" in needed(data, "permissions")


def test_a_damaged_file_of_a_stopped_store_is_found_and_not_touched(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with start_collector(data) as collector:
        recent(collector)
        collector.kill()
    path = data / "store" / "rollups.duckdb"
    path.write_bytes(b"no database" * 999)
    before = {each: each.read_bytes() for each in data.rglob("*") if each.is_file()}
    assert "rollups.duckdb can't be read" in needed(data, "store")
    assert {each: each.read_bytes() for each in data.rglob("*") if each.is_file()} == before


def test_a_clock_behind_the_last_collectors_time_is_found(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with start_collector(data):
        pass
    record = {"trusted": time.time() + 7200, "anchor": time.time() + 7200, "uptime": 0.0}
    replace_file(data / "clock.json", with_checksum(msgspec.json.encode(record)))
    assert "set this machine's clock" in needed(data, "clock")


def test_a_collector_that_can_not_be_asked_is_named_and_nothing_hangs(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with start_collector(data) as collector:
        wait_for((data / "control.sock").exists, "the socket")
        (data / "control.sock").unlink()
        assert "DATA/control.sock" in needed(data, "collector")
        assert collector.process.poll() is None


def test_a_directory_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    assert "--data" in needed(tmp_path / "nothing", "collector")
    assert not (tmp_path / "nothing").exists()
