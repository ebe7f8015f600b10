"""A link with a password asks for it once in a browser; guesses are limited as those of the sign-in secret are."""

import json
import socket
from pathlib import Path
from urllib.parse import urlencode

import pytest

from collector.tests.access.test_links import SIGNED_IN, gated, made, make
from collector.tests.access.test_sign_in import SECRET, sign_in
from collector.tests.app.http import Answer, ask, holds, post
from collector.tests.operate.commands import run
from footfall_collector.access.links import ReadLink
from footfall_collector.access.links.passwords import PROOF_SECONDS, LinkPasswords
from tests.support.collector_process import CollectorProcess, start_collector

__all__ = ["gated"]
PASSWORD = "a good password"
CHART = "/api/charts/tool-usage"


def enter(collector: CollectorProcess, path: str, password: str = PASSWORD, **headers: str) -> Answer:
    return post(collector, urlencode({"password": password}).encode(), path, **headers)


def test_the_page_and_its_answers_need_the_password_once(gated: CollectorProcess) -> None:
    path, other = made(gated, password=PASSWORD), made(gated, password=PASSWORD)
    asked = ask(gated, "GET", path)
    assert (asked.status, "Enter the password of this link" in asked.text) == (200, True)
    assert "anthropic" not in asked.text
    assert ask(gated, "GET", path + CHART).status == 401
    assert "Wrong password." in enter(gated, path, "another password").text
    entered = enter(gated, path)
    assert (entered.status, entered.headers["location"]) == (303, path)
    cookie, _, attributes = entered.headers["set-cookie"].partition(";")
    assert {part.strip() for part in attributes.split(";")} >= {"HttpOnly", f"Path={path}", "SameSite=lax"}
    assert ask(gated, "GET", path + CHART, headers={"Cookie": cookie}).json["rows"][0][:2] == ["query", 1]
    assert 'data-name="tools"' in ask(gated, "GET", path, headers={"Cookie": cookie}).text
    assert ask(gated, "GET", other + CHART, headers={"Cookie": cookie}).status == 401, "it is of one link"
    name, _, value = cookie.partition("=")
    for forged in ("", "x", value + "0", f"9{value}", value.partition(".")[2], "inf." + value.partition(".")[2]):
        assert ask(gated, "GET", path + CHART, headers={"Cookie": f"{name}={forged}"}).status == 401
    assert ask(gated, "GET", "/api/charts", headers={"Cookie": cookie}).status == 401, "and no session"
    assert holds(gated.data_dir, PASSWORD) == []
    listed = ask(gated, "GET", "/api/links", headers=SIGNED_IN)
    assert "argon2" not in listed.text
    assert [link["protected"] for link in listed.json["links"]].count(True) == 2


@pytest.mark.parametrize("password", ["short", "x" * 201])
def test_a_password_has_a_length(gated: CollectorProcess, password: str) -> None:
    refused = make(gated, password=password)
    assert (refused.status, refused.json["error"]) == (400, "A link's password has 8 to 200 characters.")


def test_a_form_of_another_site_is_refused_and_not_counted(gated: CollectorProcess) -> None:
    path = made(gated, password=PASSWORD)
    for _ in range(12):
        assert enter(gated, path, origin="https://evil.example.org").status == 403
    assert enter(gated, path).status == 303


def test_guesses_are_limited_before_their_bodies_are_read_and_lock_nobody_out_of_the_sign_in(tmp_path: Path) -> None:
    with start_collector(tmp_path / "data", {"FOOTFALL_SIGN_IN_SECRET": SECRET}) as collector:
        path = made(collector, query="", password=PASSWORD)
        held = [_begin(collector, path) for _ in range(9)]
        # Each of the held ones was counted when it arrived.
        answers = [enter(collector, path, f"wrong guess {number}").status for number in range(2)]
        assert answers == [401, 429]
        assert enter(collector, path).status == 429, "not even the right one"
        for connection in held:
            connection.close()
        assert sign_in(collector, SECRET).status == 303
        assert enter(collector, "/shared/ffl_unknown").status == 404


def _begin(collector: CollectorProcess, path: str) -> socket.socket:
    """A POST whose body does not come; the server asks for the body once it has counted the attempt."""
    connection = socket.create_connection(("127.0.0.1", collector.port), timeout=30)
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{collector.port}\r\nContent-Length: 30\r\n"
    connection.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
    assert b"100" in connection.recv(100)
    return connection


def test_a_proof_ends_after_twelve_hours_and_with_its_password() -> None:
    now = [1_800_000_000.0]
    passwords = LinkPasswords(lambda: now[0])
    link = ReadLink("a", "0" * 64, "", "", "dot-ai", "tools", "", "hash")
    proof = passwords.proof(link)
    assert passwords.is_proved(link, proof)
    assert not passwords.is_proved(ReadLink("a", "0" * 64, "", "", "dot-ai", "tools", "", "another"), proof)
    assert not LinkPasswords(lambda: now[0]).is_proved(link, proof), "another process has another key"
    now[0] += PROOF_SECONDS
    assert not passwords.is_proved(link, proof)


def test_the_command_line_asks_for_a_password(tmp_path: Path) -> None:
    with start_collector(tmp_path / "data") as collector:
        data = collector.data_dir
        ran = run(data, "links", "add", "--page", "tools", "--password", "board", text=PASSWORD + "\n")
        assert ran.returncode == 0, ran.stderr
        path = ran.stdout.split()[0]
        assert "board  shows tools, with a password  " in run(data, "links", "list").stdout
        assert ask(collector, "GET", path + CHART).status == 401
        assert enter(collector, path).status == 303
        assert json.loads(ask(collector, "GET", "/api/links").text)["links"][0]["protected"] is True
