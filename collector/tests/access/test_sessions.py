"""Sessions outlive the process, and nothing on disk gives anyone one."""

import asyncio
from pathlib import Path

import pytest

from collector.tests.access.test_sign_in import SECRET, sign_in
from collector.tests.app.http import ask, holds
from footfall_collector.access.sessions import SESSION_SECONDS, SESSIONS_FILE, SignInSessions
from tests.support.collector_process import CollectorProcess, start_collector

ENV = {"FOOTFALL_SIGN_IN_SECRET": SECRET}


def cookie_of(collector: CollectorProcess) -> str:
    return sign_in(collector, SECRET).headers["set-cookie"].split(";")[0]


def read(collector: CollectorProcess, cookie: str) -> int:
    return ask(collector, "GET", "/metrics", headers={"Cookie": cookie}).status


@pytest.mark.parametrize("ending", ["stop", "kill"])
def test_a_session_survives_a_restart_and_ends_for_good_when_its_reader_signs_out(tmp_path: Path, ending: str) -> None:
    data = tmp_path / "data"
    with start_collector(data, ENV) as collector:
        cookie, left = cookie_of(collector), cookie_of(collector)
        origin = f"http://127.0.0.1:{collector.port}"
        assert ask(collector, "POST", "/sign-out", headers={"Cookie": left, "Origin": origin}).status == 303
        getattr(collector, ending)()
    token = cookie.partition("=")[2]
    assert (holds(data, token), holds(data, SECRET)) == ([], [])
    assert (data / SESSIONS_FILE).stat().st_mode & 0o777 == 0o600
    with start_collector(data, ENV) as again:
        assert (read(again, cookie), read(again, left)) == (200, 401)
    with start_collector(data, {"FOOTFALL_SIGN_IN_SECRET": "another secret of theirs"}) as changed:
        assert read(changed, cookie) == 401, "another secret ends every session"


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00" * 100, b'{"version":1,"ends":{"a":"b"}}', b'{"ends":{"a":1},\n  "crc32": "00000000"\n}\n', None],
)
def test_a_damaged_file_ends_sessions_and_nothing_else(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / SESSIONS_FILE
    path.mkdir() if content is None else path.write_bytes(content)
    with start_collector(tmp_path, ENV) as collector:
        assert "everyone signs in again" in collector.output
        assert read(collector, cookie_of(collector)) == 200
        assert "Traceback" not in collector.output


def test_a_session_ends_after_twelve_hours_and_where_the_clock_was_set_back(tmp_path: Path) -> None:
    now = [1_000_000.0]
    sessions = SignInSessions(tmp_path, SECRET, lambda: now[0])
    token = asyncio.run(sessions.start())
    now[0] += SESSION_SECONDS - 1
    assert sessions.is_live(token)
    assert SignInSessions(tmp_path, SECRET, lambda: now[0]).is_live(token)
    assert not SignInSessions(tmp_path, SECRET + "x", lambda: now[0]).is_live(token)
    now[0] += 2
    assert not sessions.is_live(token)
    now[0] -= 86_400
    assert not sessions.is_live(token)


def test_a_disk_that_can_not_be_written_keeps_nobody_out(tmp_path: Path) -> None:
    (tmp_path / f"{SESSIONS_FILE}.tmp").mkdir()
    sessions = SignInSessions(tmp_path, SECRET, lambda: 1_000_000.0)
    token = asyncio.run(sessions.start())
    assert sessions.is_live(token)
    asyncio.run(sessions.end(token))
    assert not sessions.is_live(token)
