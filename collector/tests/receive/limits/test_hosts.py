"""Which pages may act in a reader's name, by what browsers and proxies say."""

import string
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall_collector.receive.limits.hosts import HostAllowList, OriginCheck
from footfall_collector.runtime import Settings

ALLOWED = ("Stats.example.org", ".internal.example", "localhost")


def accepts(headers: dict[str, str], required: bool = True, allowed: tuple[str, ...] = ALLOWED) -> bool:
    scope = {"headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]}
    return OriginCheck(HostAllowList(replace(Settings(), allowed_hosts=allowed))).accepts(scope, required=required)


SAME = [
    {"sec-fetch-site": "same-origin", "origin": "https://any.example", "host": "127.0.0.1:8765"},
    {"sec-fetch-site": "same-origin", "origin": "null", "host": "collector"},
    {"sec-fetch-site": "same-origin", "host": "collector"},
    {"origin": "http://127.0.0.1:8765", "host": "127.0.0.1:8765"},
    {"origin": "https://a.example", "host": "A.Example"},
    {"origin": "https://a.example", "host": "a.example:443"},
    {"origin": "https://a.example:443", "host": "a.example"},
    {"origin": "http://a.example", "host": "a.example:80"},
    {"origin": "http://a.example", "host": "a.example."},
    {"origin": "http://[::1]:8765", "host": "[::1]:8765"},
    {"origin": "http://[FD00:0::1]:8765", "host": "[fd00::1]:8765"},
    {"origin": "https://stats.example.org", "host": "127.0.0.1:8765"},
    {"origin": "https://STATS.example.org:8443", "host": "stats.example.org"},
    {"origin": "https://x.internal.example", "host": "collector", "sec-fetch-site": "same-site"},
    {"origin": "http://a.example", "host": "a.example", "sec-fetch-site": "none"},
]
OTHER = [
    {"host": "a.example"},
    {"origin": "null", "host": "null"},
    {"origin": "", "host": ""},
    {"origin": "https://evil.example", "host": "a.example"},
    {"origin": "https://a.example:444", "host": "a.example"},
    {"origin": "http://a.example:443", "host": "a.example"},
    {"origin": "http://a.example", "host": "a.example", "sec-fetch-site": "cross-site"},
    {"origin": "http://a.example", "host": "a.example", "sec-fetch-site": "same-site"},
    {"origin": "http://localhost:3000", "host": "localhost:8765"},
    {"origin": "https://stats.example.org.evil.example", "host": "127.0.0.1:8765"},
    {"origin": "https://evil-internal.example", "host": "127.0.0.1:8765"},
    {"origin": "https://stats.example.org@evil.example", "host": "127.0.0.1:8765"},
    {"origin": "https://evil.example/stats.example.org", "host": "127.0.0.1:8765"},
    {"origin": "chrome-extension://stats.example.org", "host": "127.0.0.1:8765"},
    {"origin": "https://[::1", "host": "[::1"},
    {"origin": "http://a.example:99999999", "host": "a.example:999999"},
]


@pytest.mark.parametrize("headers", SAME, ids=str)
def test_pages_of_this_collector_may_act(headers: dict[str, str]) -> None:
    assert accepts(headers)


@pytest.mark.parametrize("headers", OTHER, ids=str)
def test_pages_of_other_sites_may_not(headers: dict[str, str]) -> None:
    assert not accepts(headers)


@pytest.mark.parametrize(
    ("host", "is_allowed"),
    {
        "stats.example.org:": True,
        "STATS.example.org.:443": True,
        "[FD00::1]:8765": True,
        "[fd00:0::1]": True,
        "[fd00::2]": False,
        "fd00::1": False,
        "[::1": False,
        "[stats.example.org]": False,
        ":": False,
        "": False,
    }.items(),
)
def test_a_host_header_may_have_any_form_of_an_allowed_name(host: str, is_allowed: bool) -> None:
    for form in ("fd00:0:0::1", "[fd00::1]"):
        settings = replace(Settings(), allowed_hosts=("Stats.example.org", form))
        assert HostAllowList(settings).allows(host.encode()) is is_allowed


def test_a_star_allows_every_host_and_no_other_origin() -> None:
    assert not accepts({"origin": "https://evil.example", "host": "a.example"}, allowed=("*",))


def test_a_program_names_no_page_and_a_page_that_does_not_name_itself_is_one() -> None:
    assert accepts({"host": "a.example"}, required=False)
    assert not accepts({"host": "a.example", "sec-fetch-site": "cross-site"}, required=False)


_TEXT = st.text(st.sampled_from(string.ascii_letters + string.digits + ".:/[]@-_*% \xe9"), max_size=30)


@given(_TEXT, _TEXT, st.sampled_from(["", "cross-site", "same-site", "none", "Same-Origin"]))
def test_nothing_that_headers_say_raises_or_lets_another_site_in(origin: str, host: str, site: str) -> None:
    headers = {"origin": f"https://{origin}.evil.example", "host": host, "sec-fetch-site": site}
    assert not accepts(headers)
    accepts({"origin": origin, "host": host, "sec-fetch-site": site})
