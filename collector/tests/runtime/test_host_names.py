"""Hosts in the settings: what can be written, and the one form that is compared."""

import pytest

from footfall_collector.runtime import Settings, SettingsError, read_settings


@pytest.mark.parametrize(
    "name",
    [
        "a.org",
        ".a.org",
        "*",
        "[::1]",
        "::1",
        "fd00::1",
        "[10.0.0.5]",
        "10.0.0.5",
        "collector",
        "A_b.c-d",
        "my-svc.ns.svc",
    ],
)
def test_host_names_are_accepted(name: str) -> None:
    assert read_settings({"allowed_hosts": name}, {}).allowed_hosts == (name,)


@pytest.mark.parametrize(
    "name",
    ["http://a.org/", "a.org:8765", "a.org/", "ab:80", ":", "fd00::g", "[::1", "[a]", "*.a.org", "a..org", "ä.org"],
)
def test_a_name_that_no_host_header_can_match_stops_the_start(name: str) -> None:
    with pytest.raises(SettingsError, match="--allowed-hosts: write a host name such as"):
        read_settings({"allowed_hosts": f"b.org,{name}"}, {})


@pytest.mark.parametrize(
    ("host", "form"),
    [
        ("0:0:0:0:0:0:0:0", "::"),
        ("[::0]", "::"),
        ("0", "0.0.0.0"),
        ("[FD00:0::1]", "fd00::1"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("LocalHost.", "localhost"),
        ("stats_1.example.org", "stats_1.example.org"),
    ],
)
def test_a_host_that_can_be_written_in_several_forms_is_one(host: str, form: str) -> None:
    assert read_settings({"host": host}, {}).host == form


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("[::1]", True), ("0.0.0.0", False), ("a.org", False)],
)
def test_only_loopback_is_loopback(host: str, loopback: bool) -> None:
    assert Settings(host=host).loopback is loopback
