"""Write keys and tokens are changed by command, while the collector runs and while it does not."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collector.tests.access.test_sign_in import SECRET, sign_in
from collector.tests.app.http import Answer, ask, post
from collector.tests.app.test_start import run
from collector.tests.receive.shapes import TOKEN, event
from footfall_collector.receive import WriteKeys
from tests.support.collector_process import CollectorProcess, start_collector


@pytest.fixture(scope="module")
def gated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    env = {"FOOTFALL_SIGN_IN_SECRET": SECRET}
    with start_collector(tmp_path_factory.mktemp("gated") / "data", env) as started:
        yield started


def output(*arguments: str, data: Path) -> str:
    ran = run(*arguments[:2], "--data", str(data), *arguments[2:])
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def status_of_sending(collector: CollectorProcess, key: str) -> int:
    return post(collector, json.dumps({"api_key": key, "batch": [event()]}).encode()).status


def status_of_reading(collector: CollectorProcess, token: str) -> int:
    return ask(collector, "GET", "/api/charts", headers={"Authorization": f"Bearer {token}"}).status


def test_a_key_is_added_rotated_and_revoked_at_once_while_the_collector_runs(gated: CollectorProcess) -> None:
    output("keys", "add", TOKEN, data=gated.data_dir)
    assert status_of_sending(gated, TOKEN) == 200
    output("keys", "rotate", TOKEN, "phc_the_next", data=gated.data_dir)
    assert (status_of_sending(gated, TOKEN), status_of_sending(gated, "phc_the_next")) == (200, 200)
    until = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%d")
    assert f"{TOKEN}  dot-ai" in output("keys", "list", data=gated.data_dir)
    assert f"taken until {until}" in output("keys", "list", data=gated.data_dir)
    output("keys", "revoke", TOKEN, data=gated.data_dir)
    assert (status_of_sending(gated, TOKEN), status_of_sending(gated, "phc_the_next")) == (401, 200)
    made = output("keys", "rotate", "phc_the_next", "--days", "0", data=gated.data_dir).split()[0]
    assert (status_of_sending(gated, "phc_the_next"), status_of_sending(gated, made)) == (401, 200)
    assert "there is no such key" in run("keys", "revoke", "--data", str(gated.data_dir), "phc_no").stderr


def test_keys_and_tokens_are_changed_while_no_collector_runs(tmp_path: Path) -> None:
    made = output("keys", "add", data=tmp_path).split()[0]
    nxt = output("keys", "rotate", made, "--days", "0", data=tmp_path).split()[0]
    assert made.startswith("phc_")
    assert nxt != made
    again = run("keys", "rotate", "--data", str(tmp_path), made)
    assert (again.returncode, "no such valid key" in again.stderr) == (1, True)
    token = output("tokens", "add", "grafana", data=tmp_path).strip()
    assert "grafana  reads everything  added 20" in output("tokens", "list", data=tmp_path)
    assert token not in (tmp_path / "tokens.json").read_text()
    assert (tmp_path / "tokens.json").stat().st_mode & 0o777 == 0o600
    taken = run("tokens", "add", "--data", str(tmp_path), "grafana")
    assert (taken.returncode, "there is a token of this name" in taken.stderr) == (1, True)


def states(data: Path) -> dict[str, str]:
    """Key to what `keys list` says of it."""
    lines = (line.split("  ") for line in output("keys", "list", data=data).splitlines())
    return {key: state for key, _, state, _ in lines}


def test_a_revoked_or_rotated_key_is_given_back_and_the_list_tells_the_three_apart(gated: CollectorProcess) -> None:
    data, keys = gated.data_dir, ("phc_valid", "phc_rotated", "phc_revoked", "phc_ended")
    for key in keys:
        output("keys", "add", key, data=data)
    output("keys", "rotate", "phc_rotated", "phc_successor", data=data)
    output("keys", "rotate", "phc_ended", "phc_other_successor", "--days", "0", data=data)
    output("keys", "revoke", "phc_revoked", data=data)
    assert [status_of_sending(gated, key) for key in keys] == [200, 200, 401, 401]
    told = states(data)
    assert told["phc_valid"] == told["phc_successor"] == "valid"
    assert told["phc_rotated"].startswith("rotated to phc_successor, taken until 20")
    assert told["phc_ended"].startswith("rotated to phc_other_successor, refused since 20")
    assert told["phc_revoked"].startswith("revoked, refused since 20")
    for key in keys[1:]:
        assert output("keys", "restore", key, data=data) == f"{key}  dot-ai  takes events again from now on\n"
    assert [status_of_sending(gated, key) for key in (*keys, "phc_successor")] == [200] * 5
    assert {states(data)[key] for key in keys} == {"valid"}
    for key, said in (("phc_valid", "this key is valid, so there is nothing to restore"), ("phc_no", "no such key")):
        refused = run("keys", "restore", "--data", str(data), key)
        assert (refused.returncode, said in refused.stderr) == (1, True)


def test_a_key_that_was_given_back_while_no_collector_ran_is_taken_from_the_start(tmp_path: Path) -> None:
    output("keys", "add", "phc_revoked", data=tmp_path)
    output("keys", "revoke", "phc_revoked", data=tmp_path)
    assert states(tmp_path)["phc_revoked"].startswith("revoked, refused since 20")
    output("keys", "restore", "phc_revoked", data=tmp_path)
    assert states(tmp_path) == {"phc_revoked": "valid"}
    assert WriteKeys(tmp_path).product_of("phc_revoked") == "dot-ai"


def test_a_rotated_key_ends_at_its_time(tmp_path: Path) -> None:
    keys = WriteKeys(tmp_path)
    keys.add("dot-ai", "phc_old")
    keys.rotate("phc_old", "phc_new", 1)
    assert (keys.product_of("phc_old"), keys.product_of("phc_new")) == ("dot-ai", "dot-ai")
    path = tmp_path / "keys.json"
    path.write_text(re.sub(r'"revoked": "\d{4}', '"revoked": "2020', path.read_text()))
    # Accepts the changed file.
    (tmp_path / "copies" / "keys.json").unlink()
    later = WriteKeys(tmp_path)
    assert (later.product_of("phc_old"), later.product_of("phc_new")) == (None, "dot-ai")


def test_a_named_token_reads_until_it_is_revoked(gated: CollectorProcess) -> None:
    token = output("tokens", "add", "reports", data=gated.data_dir).strip()
    other = output("tokens", "add", "grafana", data=gated.data_dir).strip()
    assert (status_of_reading(gated, token), status_of_reading(gated, other)) == (200, 200)
    assert status_of_reading(gated, token + "x") == 401
    output("tokens", "revoke", "reports", data=gated.data_dir)
    assert (status_of_reading(gated, token), status_of_reading(gated, other)) == (401, 200)


def test_a_request_of_another_site_can_not_use_a_session(gated: CollectorProcess) -> None:
    cookie = sign_in(gated, SECRET).headers["set-cookie"].split(";")[0]

    def posted(**origin: str) -> int:
        return ask(gated, "POST", "/mcp", b"{}", {"Cookie": cookie, **origin}).status

    host = f"127.0.0.1:{gated.port}"
    assert posted() == 403
    assert posted(Origin="https://evil.example.org") == 403
    assert posted(Origin="null") == 403
    assert posted(Origin=f"http://{host}") != 403
    assert ask(gated, "GET", "/api/charts", headers={"Cookie": cookie}).status == 200


def test_every_page_has_the_security_headers_even_a_refusal(gated: CollectorProcess) -> None:
    cookie = sign_in(gated, SECRET).headers["set-cookie"].split(";")[0]
    pages: list[Answer] = [
        ask(gated, "GET", path, headers=headers)
        for path in ("/", "/sign-in", "/metrics", "/healthz", "/nothing-here", "/api/charts", "/static/x/none.js")
        for headers in ({}, {"Cookie": cookie}, {"Accept": "text/html"})
    ]
    for page in pages:
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["x-frame-options"] == "DENY"
        assert page.headers["referrer-policy"] in ("no-referrer", "same-origin")


def test_no_route_answers_to_a_strange_host_name(gated: CollectorProcess) -> None:
    for method, path in (
        ("GET", "/sign-in"),
        ("POST", "/sign-in"),
        ("GET", "/metrics"),
        ("GET", "/static/x/app.js"),
        ("GET", "/public/dot-ai"),
        ("POST", "/mcp"),
        ("OPTIONS", "/e/"),
        ("GET", "/array/phc_x/config.js"),
        ("POST", "/i/v1/analytics/events"),
    ):
        assert ask(gated, method, path, headers={"Host": "rebound.example.org"}).status == 403


def test_an_organisation_sets_the_host_and_nothing_else(tmp_path: Path) -> None:
    """As the documents describe it: the product ships its public key, and the operator adds that key here."""
    env = {"FOOTFALL_SIGN_IN_SECRET": SECRET}
    with start_collector(tmp_path / "data", env, host="0.0.0.0") as collector:
        client = (
            "from footfall import Product, Telemetry\n"
            "from footfall.catalogue import ServerStarted\n"
            "telemetry = Telemetry(Product('dot-ai', version='1.2.3', write_key='phc_of_the_release'))\n"
            "telemetry.record(ServerStarted())\n"
            "telemetry.flush(20)\ntelemetry.close()\n"
        )
        assert status_of_sending(collector, "phc_of_the_release") == 401
        output("keys", "add", "phc_of_the_release", data=collector.data_dir)
        others = ("DOT_AI_", "FOOTFALL_", "DO_NOT", "PYTEST")
        surroundings = {k: v for k, v in os.environ.items() if not k.startswith(others)}
        only = {
            "DOT_AI_POSTHOG_HOST": f"http://127.0.0.1:{collector.port}",
            # Of the test, not of the organisation: no grace of ten minutes, and a temporary state directory.
            "DOT_AI_TELEMETRY_GRACE_SECONDS": "0",
            "DOT_AI_TELEMETRY_STATE_DIR": str(tmp_path / "state"),
        }
        subprocess.run([sys.executable, "-c", client], env=surroundings | only, check=True, timeout=60)
        answer = ask(collector, "GET", "/metrics", headers={"Authorization": f"Bearer {SECRET}"})
        assert 'footfall_events_accepted_total{product="dot-ai"} 1' in answer.text
