"""A token reads what its scope and its product allow, until its end; who signs in sees and revokes it."""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from collector.tests.access.test_commands import output
from collector.tests.access.test_sign_in import SECRET, sign_in
from collector.tests.app.http import Answer, ask, holds
from collector.tests.app.test_start import run
from footfall_collector.access import Tokens
from tests.support.collector_process import CollectorProcess, start_collector

OTHER = "other-product"
READS = ("/api/charts", "/api/charts/tool-usage", "/api/report", "/api/pages/health", "/api/health", "/metrics", "/")


@pytest.fixture(scope="module")
def gated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    data = tmp_path_factory.mktemp("gated") / "data"
    data.mkdir()
    (data / "footfall.toml").write_text(f"[products.dot-ai]\n[products.{OTHER}]\n")
    with start_collector(data, {"FOOTFALL_SIGN_IN_SECRET": SECRET}) as started:
        yield started


def added(gated: CollectorProcess, name: str, *options: str) -> str:
    return output("tokens", "add", name, *options, data=gated.data_dir).strip()


def read(gated: CollectorProcess, token: str, path: str, method: str = "GET") -> Answer:
    return ask(gated, method, path, headers={"Authorization": f"Bearer {token}"})


def test_a_token_without_options_reads_everything_as_before(gated: CollectorProcess) -> None:
    token = added(gated, "all")
    assert {path: read(gated, token, f"{path}?product=dot-ai").status for path in READS} == dict.fromkeys(READS, 200)


def test_a_token_for_metrics_reads_these_and_nothing_else(gated: CollectorProcess) -> None:
    token = added(gated, "prometheus", "--scope", "metrics")
    for path in (*READS, "/mcp", "/access", "/metrics/x", "/api/charts/tool-usage?/metrics", "/x//metrics"):
        assert (path, read(gated, token, path).status) == (path, 200 if path == "/metrics" else 403)
    for path in ("/metrics/", "//metrics"):
        assert (path, read(gated, token, path).status) == (path, 200)
    refused = read(gated, token, "/api/charts")
    assert refused.text == "This token reads /metrics only (scope metrics).\n"
    assert read(gated, token, "/metrics", "POST").status == 403


def test_a_token_of_a_product_reads_its_answers_and_nothing_else(gated: CollectorProcess) -> None:
    token = added(gated, "theirs", "--product", OTHER)
    for path in ("/api/charts/tool-usage", "/api/charts/tool-usage?range=7d", f"/api/report?product={OTHER}"):
        answer = read(gated, token, path)
        assert answer.status == 200, answer.text
        assert OTHER in answer.text or "dot-ai" not in answer.text
    chart = json.loads(read(gated, token, "/api/report").text)
    assert chart["product"] == OTHER, "where none is named, it is the token's and not the first of the collector"
    assert read(gated, token, "/api/pulse").status == 200
    assert read(gated, token, "/api/things/tool?thing=query").status == 200
    assert read(gated, token, "/api/things/tool?thing=query&product=dot-ai").status == 403
    for query in (
        "product=dot-ai",
        f"product={OTHER}&product=dot-ai",
        "product=",
        "%70roduct=dot-ai",
        "product=DOT-AI",
    ):
        assert (query, read(gated, token, f"/api/report?{query}").status) == (query, 403)
    for path in ("/", "/mcp", "/metrics", "/api/charts", "/api/health", "/api/other", "/api/pages/health", "/access"):
        assert (path, read(gated, token, path).status) == (path, 403)
    assert read(gated, token, "/things/tool/query").status == 403
    assert read(gated, token, "/api/report", "POST").status == 403


def test_a_token_ends_at_its_end(tmp_path: Path) -> None:
    now = [1_800_000_000.0]
    tokens = Tokens(tmp_path, now=lambda: now[0])
    text, lasting = tokens.add("a", days=2), tokens.add("b")
    now[0] += 2 * 86_400 - 1
    assert tokens.find(text) is not None
    now[0] += 1
    assert tokens.find(text) is None
    assert tokens.find(lasting) is not None


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--scope", "write"], "a token's scope is one of read, metrics, ingest-admin"),
        (["--scope", "metrics", "--product", OTHER], "/metrics is of all products"),
        (["--product", "nobodys"], "no such product"),
        (["--days", "4000"], "3650"),
    ],
    ids=["scope", "product of metrics", "product", "days"],
)
def test_options_that_can_not_be_used_are_refused(gated: CollectorProcess, options: list[str], problem: str) -> None:
    refused = run("tokens", "add", "--data", str(gated.data_dir), "wrong", *options)
    assert (refused.returncode, problem in refused.stderr) == (1, True), refused.stderr


def test_the_list_says_what_each_reads_and_when_it_ends(gated: CollectorProcess) -> None:
    added(gated, "ending", "--scope", "metrics", "--days", "30")
    listed = output("tokens", "list", data=gated.data_dir)
    assert re.search(r"^ending  reads metrics  added 20\S+  ends 20\S+Z$", listed, re.MULTILINE)


def test_tokens_of_earlier_versions_read_everything_for_ever(tmp_path: Path) -> None:
    old = '{"version":1,"tokens":[{"name":"a","sha256":"%s","added":"2026-01-01T00:00:00Z"}]}'
    text = "fft_of_an_earlier_version"
    (tmp_path / "tokens.json").write_text(old % hashlib.sha256(text.encode()).hexdigest())
    token = Tokens(tmp_path).find(text)
    assert token is not None
    assert (token.scope, token.product, token.ends) == ("read", "", "")


def test_who_signs_in_sees_and_revokes_tokens_and_every_change_is_written_down(gated: CollectorProcess) -> None:
    token = added(gated, "leaked", "--product", OTHER)
    instance = "cluster_f809cce5a77d3fbe"
    output("forget", instance, "--product", OTHER, data=gated.data_dir)
    cookie = sign_in(gated, SECRET).headers["set-cookie"].split(";")[0]
    page = ask(gated, "GET", "/access", headers={"Cookie": cookie})
    assert page.status == 200
    assert '<th scope="row">leaked</th><td data-label="Reads">other-product</td>' in page.text
    noted = f"tokens add name leaked product {OTHER} scope read"
    assert f'<td data-label="Who">command line</td><td data-label="What">{noted}</td>' in page.text
    assert f'<td data-label="What">forget product {OTHER}</td>' in page.text

    def revoke(name: str, **headers: str) -> Answer:
        form = urlencode({"revoke": name}).encode()
        return ask(gated, "POST", "/access", form, headers)

    origin = f"http://127.0.0.1:{gated.port}"
    assert revoke("leaked").status == 401
    assert revoke("leaked", Cookie=cookie, Origin="https://evil.example.org").status == 403
    assert revoke("leaked", Authorization=f"Bearer {token}").status == 403
    assert read(gated, token, "/api/report").status == 200
    assert revoke("leaked", Cookie=cookie, Origin=origin).status == 303
    assert read(gated, token, "/api/report").status == 401
    assert revoke("leaked", Cookie=cookie, Origin=origin).status == 404
    text = ask(gated, "GET", "/access", headers={"Cookie": cookie}).text
    assert '<td data-label="Who">signed in</td><td data-label="What">tokens revoke name leaked</td>' in text
    assert (
        ask(gated, "GET", "/access", headers={"Accept": "text/html"}).headers["location"] == "/sign-in?next=%2Faccess"
    )
    assert [holds(gated.data_dir, secret) for secret in (token, SECRET, instance, "127.0.0.1")] == [[], [], [], []]
