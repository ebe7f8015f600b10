"""What a token of the scope `ingest-admin` may change over HTTP, and that no other may; each change is in the log."""

import json
from pathlib import Path

import pytest

from collector.tests.access.test_commands import output
from collector.tests.access.test_sign_in import SECRET
from collector.tests.access.test_token_scopes import OTHER, added, gated
from collector.tests.app.http import Answer, ask, post
from collector.tests.receive.shapes import batch, event
from tests.support.collector_process import CollectorProcess, start_collector

__all__ = ["gated"]
JSON = {"content-type": "application/json"}


def change(
    collector: CollectorProcess, token: str, method: str, path: str, body: object = None, **headers: str
) -> Answer:
    content = b"" if body is None else json.dumps(body).encode()
    sent = {**({"authorization": f"Bearer {token}"} if token else {}), **(JSON if body is not None else {}), **headers}
    return ask(collector, method, path, content, sent)


def actions(collector: CollectorProcess, who: str) -> list[str]:
    entries = json.loads((collector.data_dir / "audit.json").read_text())["entries"]
    return [entry["what"] for entry in entries if entry["who"] == who]


def test_a_token_adds_and_revokes_a_key_whose_events_are_then_taken_and_refused(gated: CollectorProcess) -> None:
    token = added(gated, "deploy", "--scope", "ingest-admin")
    body = batch(event()).replace(b"phc_public_write_key", b"phc_of_the_test")
    assert post(gated, body).status == 401
    assert change(gated, token, "POST", "/api/keys", {"product": "dot-ai", "key": "phc_of_the_test"}).status == 201
    assert post(gated, body).status == 200
    listed = change(gated, token, "GET", "/api/keys").json["keys"]
    assert [each["state"] for each in listed if each["key"] == "phc_of_the_test"] == ["valid"]
    assert change(gated, token, "DELETE", "/api/keys?key=phc_of_the_test").json["state"] == "revoked"
    assert post(gated, body).status == 401
    assert change(gated, token, "DELETE", "/api/keys?key=phc_of_nobody").status == 404
    done = ["keys add key phc_of_the_test product dot-ai", "keys revoke key phc_of_the_test"]
    assert actions(gated, "token deploy") == done


def test_a_token_adds_and_removes_an_annotation_that_every_reader_sees(gated: CollectorProcess) -> None:
    token = added(gated, "notes", "--scope", "ingest-admin")
    made = change(gated, token, "POST", "/api/annotations", {"text": "the provider had an outage", "at": "2026-11-20"})
    assert (made.status, made.json["by"], made.json["at"]) == (201, "token notes", "2026-11-20T00:00:00Z")
    seen = [
        change(gated, SECRET, "GET", f"{path}product=dot-ai&range=365d").text
        for path in ("/api/pages/tools?", "/api/annotations?")
    ]
    assert all("the provider had an outage" in text for text in seen)
    assert made.json["id"] in output("annotations", "list", data=gated.data_dir)
    assert change(gated, token, "DELETE", f"/api/annotations?id={made.json['id']}").status == 204
    assert change(gated, token, "DELETE", f"/api/annotations?id={made.json['id']}").status == 404
    assert "outage" not in change(gated, SECRET, "GET", "/api/pages/tools?product=dot-ai&range=365d").text, (
        "no answer is kept"
    )


def test_it_reads_nothing_else_and_changes_no_token(gated: CollectorProcess) -> None:
    token = added(gated, "narrow", "--scope", "ingest-admin")
    for path in ("/", "/api/report", "/api/charts", "/metrics", "/mcp", "/access", "/api/keys/x", "/api/other"):
        for method in ("GET", "POST"):
            assert (path, change(gated, token, method, path).status) == (path, 403)


def test_a_token_of_a_product_changes_that_product_only(gated: CollectorProcess) -> None:
    token = added(gated, "theirs-admin", "--scope", "ingest-admin", "--product", OTHER)
    everything = added(gated, "all-admin", "--scope", "ingest-admin")
    foreign = change(gated, everything, "POST", "/api/annotations", {"text": "x", "product": "dot-ai"}).json["id"]
    change(gated, everything, "POST", "/api/keys", {"product": "dot-ai", "key": "phc_foreign"})
    assert change(gated, token, "POST", "/api/keys", {"product": "dot-ai"}).status == 403
    assert change(gated, token, "POST", "/api/annotations", {"text": "x", "product": "dot-ai"}).status == 403
    assert change(gated, token, "DELETE", f"/api/annotations?id={foreign}").status == 404
    assert change(gated, token, "DELETE", "/api/keys?key=phc_foreign").status == 404
    assert change(gated, token, "POST", "/api/keys", {}).json["product"] == OTHER
    assert change(gated, token, "POST", "/api/annotations", {"text": "x"}).json["product"] == OTHER
    assert {each["product"] for each in change(gated, token, "GET", "/api/keys").json["keys"]} == {OTHER}
    assert change(gated, token, "GET", "/api/annotations?product=dot-ai").status == 403


@pytest.mark.parametrize(
    "options", [[], ["--scope", "metrics"], ["--product", OTHER]], ids=["read", "metrics", "product"]
)
def test_other_tokens_change_nothing(gated: CollectorProcess, options: list[str]) -> None:
    token = added(gated, f"reader{len(''.join(options))}", *options)
    for method, path in (("POST", "/api/keys"), ("DELETE", "/api/keys?key=x"), ("GET", "/api/keys")):
        assert (method, path, change(gated, token, method, path).status) == (method, path, 403)
    assert change(gated, token, "POST", "/api/annotations", {"text": "x"}).status == 403
    assert change(gated, "", "POST", "/api/annotations", {"text": "x"}).status == 401
    assert change(gated, "fft_invented", "POST", "/api/keys", {}).status == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"text": 1}, 400),
        ({"text": "a\nb"}, 400),
        ({"text": "x", "by": "me"}, 400),
        ([], 400),
        ({"text": "x", "product": "nobodys"}, 400),
        ({"text": "x", "at": "soon"}, 400),
        ({"text": "x" * 20_000}, 413),
    ],
    ids=["empty", "number", "lines", "unknown", "list", "product", "time", "large"],
)
def test_a_body_that_can_not_be_used_is_refused_in_a_sentence(
    gated: CollectorProcess, body: object, status: int
) -> None:
    refused = change(gated, SECRET, "POST", "/api/annotations", body)
    assert (refused.status, refused.json["error"][-1]) == (status, ".")
    assert str(gated.data_dir) not in refused.text, "a program elsewhere has no use for the machine's paths"


def test_a_page_of_another_site_changes_nothing_where_no_sign_in_is_needed(tmp_path: Path) -> None:
    with start_collector(tmp_path / "data") as collector:
        foreign = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
        assert change(collector, "", "POST", "/api/annotations", {"text": "x"}, **foreign).status == 403
        plain = ask(collector, "POST", "/api/annotations", b'{"text": "x"}', {"content-type": "text/plain"})
        assert plain.status == 415
        assert change(collector, "", "POST", "/api/annotations", {"text": "mine"}).json["by"] == "this machine"
        assert change(collector, "", "PUT", "/api/annotations", {}).status == 405
