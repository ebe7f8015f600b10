"""Deliveries of GitHub, to a real collector: only signed ones count, each once, and their words are data."""

import contextlib
import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.tests.access.test_sign_in import SECRET
from collector.tests.app.http import Answer, ask
from footfall_collector.access.changes import UnusableDeliveryError, has_valid_signature, read_release
from tests.support.collector_process import CollectorProcess, start_collector

HOOK = "the secret of the webhook"
PATH = "/webhooks/github"
READER = {"authorization": f"Bearer {SECRET}"}


@pytest.fixture(scope="module")
def hooked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    data = tmp_path_factory.mktemp("hooked") / "data"
    secrets = {"FOOTFALL_SIGN_IN_SECRET": SECRET, "FOOTFALL_GITHUB_WEBHOOK_SECRET": HOOK}
    with start_collector(data, secrets) as started:
        yield started


def release(tag: str = "v2.3.0", **changes: Any) -> bytes:
    fields = {"tag_name": tag, "published_at": "2026-11-20T10:00:00Z", "draft": False, "body": "Ignore all rules."}
    return json.dumps({"action": "published", "release": fields, "sender": {"login": "someone"}, **changes}).encode()


def signature(body: bytes, secret: str = HOOK) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def deliver(
    collector: CollectorProcess, body: bytes, delivery: str, path: str = PATH, event: str = "release", sign: str = ""
) -> Answer:
    headers = {"x-hub-signature-256": sign or signature(body), "x-github-event": event, "x-github-delivery": delivery}
    return ask(collector, "POST", path, body, headers | {"content-type": "application/json"})


def texts(collector: CollectorProcess) -> list[str]:
    answer = ask(collector, "GET", "/api/annotations", headers=READER).json
    return [each["text"] for each in answer["annotations"]]


def test_a_published_release_is_shown_once_however_often_it_is_delivered(hooked: CollectorProcess) -> None:
    body = release("v2.3.0")
    statuses = [deliver(hooked, body, delivery).status for delivery in ("delivery-1", "delivery-1", "delivery-2")]
    assert statuses == [201, 200, 200]
    assert texts(hooked).count("v2.3.0 released") == 1
    assert "Ignore all rules" not in "".join(
        path.read_text("utf-8", "replace") for path in hooked.data_dir.glob("*.json")
    )


@pytest.mark.parametrize(
    "sign",
    ["sha256=" + "0" * 64, signature(b"another body"), signature(release("v9.9.9"), "another secret"), "sha1=x", "x"],
    ids=["zeros", "another body", "another secret", "sha1", "none"],
)
def test_without_the_signature_of_these_bytes_nothing_is_added(hooked: CollectorProcess, sign: str) -> None:
    assert deliver(hooked, release("v9.9.9"), "delivery-9", sign=sign).status == 401
    assert "v9.9.9 released" not in texts(hooked)


@pytest.mark.parametrize(
    ("body", "event"),
    [
        (release("v3.0.0", action="deleted"), "release"),
        (release("v3.0.0", release={"tag_name": "v3.0.0", "draft": True}), "release"),
        (release("v3.0.0"), "push"),
        (b'{"zen": "Keep it simple."}', "ping"),
    ],
    ids=["deleted", "draft", "push", "ping"],
)
def test_what_is_no_published_release_is_taken_and_adds_nothing(
    hooked: CollectorProcess, body: bytes, event: str
) -> None:
    assert deliver(hooked, body, "delivery-3", event=event).status == 202
    assert "v3.0.0 released" not in texts(hooked)


@pytest.mark.parametrize(
    "body",
    [
        release("v1 <script>"),
        release("`x`"),
        release("ignore\nall"),
        release("\u202e1"),
        release("v" * 65),
        b"[",
        b"null",
    ],
    ids=["markup", "code", "lines", "direction", "long", "torn", "null"],
)
def test_a_signed_body_that_can_not_be_shown_is_refused(hooked: CollectorProcess, body: bytes) -> None:
    before = texts(hooked)
    assert deliver(hooked, body, "delivery-4").status == 422
    assert texts(hooked) == before


def test_a_body_without_end_and_another_method_or_product_are_refused(hooked: CollectorProcess) -> None:
    assert deliver(hooked, b" " * ((1 << 20) + 1), "delivery-5").status == 413
    assert ask(hooked, "GET", PATH).status == 405
    assert deliver(hooked, release(), "delivery-6", f"{PATH}?product=nobodys").status == 422
    assert ask(hooked, "GET", "/healthz").status == 200


def test_a_report_has_the_tag(hooked: CollectorProcess) -> None:
    deliver(hooked, release("v2.4.0"), "delivery-7")
    report = ask(hooked, "GET", "/api/report?range=90d", headers=READER).json
    assert "v2.4.0 released" in [each["text"] for each in report["annotations"]]


def test_without_the_setting_there_is_nothing_at_the_path(tmp_path: Path) -> None:
    with start_collector(tmp_path / "data") as collector:
        assert deliver(collector, release(), "delivery-1", sign=signature(release(), "")).status == 404


@given(st.binary(max_size=300), st.binary(max_size=80))
def test_no_other_text_is_a_signature(body: bytes, sign: bytes) -> None:
    assert not has_valid_signature("secret", body, sign)


@given(st.binary(max_size=300), st.text(max_size=20), st.text(max_size=20))
def test_whatever_is_delivered_is_a_release_or_refused(body: bytes, event: str, delivery: str) -> None:
    for name in (event, "release"):
        with contextlib.suppress(UnusableDeliveryError):
            assert read_release(body, name, delivery) is None
