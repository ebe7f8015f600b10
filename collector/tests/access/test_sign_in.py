"""Reading needs the sign-in secret where there is one; sending never does."""

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from argon2 import PasswordHasher

from collector.tests.app.http import Answer, ask, post
from collector.tests.receive.shapes import batch, event
from tests.support.collector_process import CollectorProcess, start_collector

SECRET = "correct horse bättery"
HASHED = PasswordHasher(time_cost=1, memory_cost=8192).hash(SECRET)


@pytest.fixture(scope="module", params=["plain", "hashed"])
def gated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    env = {"FOOTFALL_SIGN_IN_SECRET": SECRET if request.param == "plain" else HASHED}
    with start_collector(tmp_path_factory.mktemp("gated") / "data", env) as started:
        yield started


def sign_in(collector: CollectorProcess, secret: str, query: str = "", **headers: str) -> Answer:
    return post(collector, urlencode({"secret": secret}).encode(), f"/sign-in{query}", **headers)


def test_without_the_secret_nothing_can_be_read(gated: CollectorProcess) -> None:
    for path in ("/", "/metrics", "/api/charts", "/api/charts/tool-usage"):
        answer = ask(gated, "GET", path)
        assert answer.status == 401
        assert answer.headers["www-authenticate"] == "Bearer"


def test_sending_and_health_checks_stay_open(gated: CollectorProcess) -> None:
    assert post(gated, batch(event())).status == 200
    for path in ("/healthz", "/readyz", "/sign-in"):
        assert ask(gated, "GET", path).status == 200


def test_a_browser_is_redirected_to_the_form_and_back(gated: CollectorProcess) -> None:
    redirect = ask(gated, "GET", "/metrics", headers={"Accept": "text/html"})
    assert (redirect.status, redirect.headers["location"]) == (303, "/sign-in?next=%2Fmetrics")
    answer = sign_in(gated, SECRET, "?next=%2Fmetrics")
    assert (answer.status, answer.headers["location"]) == (303, "/metrics")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert SECRET not in cookie
    assert ask(gated, "GET", "/metrics", headers={"Cookie": cookie.split(";")[0]}).status == 200
    assert ask(gated, "GET", "/metrics", headers={"Cookie": "footfall_session=guess"}).status == 401


def test_a_program_sends_the_secret_as_a_bearer_token(gated: CollectorProcess) -> None:
    # A header is bytes: most programs write them as UTF-8, some as Latin-1, as the test's client does.
    for text in (SECRET, SECRET.encode().decode("latin-1")) * 2:
        assert ask(gated, "GET", "/metrics", headers={"Authorization": f"Bearer {text}"}).status == 200


def test_the_page_after_sign_in_is_never_on_another_host(gated: CollectorProcess) -> None:
    for next_page in ("https://evil.example.org", "//evil.example.org", "/\\evil.example.org"):
        assert sign_in(gated, SECRET, "?" + urlencode({"next": next_page})).headers["location"] == "/"


def test_a_form_of_another_site_is_refused(gated: CollectorProcess) -> None:
    assert sign_in(gated, SECRET, origin="https://evil.example.org").status == 403


def test_signing_out_ends_the_session_for_every_copy_of_its_cookie(gated: CollectorProcess) -> None:
    cookie = sign_in(gated, SECRET).headers["set-cookie"].split(";")[0]
    other = sign_in(gated, SECRET).headers["set-cookie"].split(";")[0]
    origin = f"http://127.0.0.1:{gated.port}"

    def read(cookie: str) -> int:
        return ask(gated, "GET", "/metrics", headers={"Cookie": cookie}).status

    def leave(method: str = "POST", **headers: str) -> Answer:
        return ask(gated, method, "/sign-out", headers={"Cookie": cookie, **headers})

    assert [leave(Origin=site).status for site in ("https://evil.example.org", "null")] == [403, 403]
    assert (leave().status, leave("GET", Origin=origin).status, read(cookie)) == (403, 405, 200)
    left = leave(Origin=origin)
    assert (left.status, left.headers["location"]) == (303, "/sign-in")
    assert 'footfall_session=""' in left.headers["set-cookie"]
    assert "Max-Age=0" in left.headers["set-cookie"]
    assert (read(cookie), read(other)) == (401, 200), "the server has forgotten this session, and no other"
    assert leave(Origin=origin).status == 303, "again does no harm"


def test_only_a_signed_in_reader_sees_the_sign_out_button(gated: CollectorProcess) -> None:
    cookie = sign_in(gated, SECRET).headers["set-cookie"].split(";")[0]
    button = 'data-do="sign-out"'
    assert button in ask(gated, "GET", "/", headers={"Cookie": cookie}).text
    assert button not in ask(gated, "GET", "/", headers={"Authorization": f"Bearer {SECRET}"}).text


def test_repeated_wrong_secrets_are_refused_for_a_minute(tmp_path_factory: pytest.TempPathFactory) -> None:
    with start_collector(tmp_path_factory.mktemp("guess") / "data", {"FOOTFALL_SIGN_IN_SECRET": SECRET}) as collector:
        answers = [sign_in(collector, f"guess {n}") for n in range(11)]
        assert [answer.status for answer in answers] == [401] * 10 + [429]
        assert all("Wrong secret." in answer.text for answer in answers[:10])
        assert answers[-1].headers["retry-after"] == "60"
        assert ask(collector, "GET", "/metrics", headers={"Authorization": "Bearer guess"}).status == 429
        assert post(collector, batch(event())).status == 200
