"""Proxies, certificates, directories and numbers that can't be used are said in one line, without the value."""

import os
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from footfall.send.http.proxy_settings import connection_problems

PROGRAM = """
import logging, sys
logging.basicConfig(format="%(levelname)s %(message)s", stream=sys.stdout)
from footfall import Product, Telemetry
telemetry = Telemetry(Product("dot-ai", write_key="phc_key", host=sys.argv[1]))
telemetry.server_started()
telemetry.close()
"""
ADDRESS = "https://collector.invalid"


def said(home: Path, address: str = ADDRESS, **variables: str) -> list[str]:
    """The lines of a process's log that name one of these variables."""
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "KUBECONFIG": os.devnull, **variables}
    command = [sys.executable, "-c", PROGRAM, address]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, cwd=home)
    assert done.stderr == ""
    assert "5ecret" not in done.stdout
    warnings = [line for line in done.stdout.splitlines() if line.startswith("WARNING dot-ai telemetry: ")]
    return [line for line in warnings if any(f" {name} " in line for name in variables)]


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("HTTPS_PROXY", "http://user:5ecret@proxy.invalid:99999", "must have a port from 1 to 65535"),
        ("https_proxy", "http://[::1", "must be an http:// or https:// address: its host or port is not complete"),
        ("all_proxy", "socks5://user:5ecret@proxy.invalid:1080", "is no http:// or https:// proxy"),
        ("ALL_PROXY", "http://us\u20acr:5ecret@proxy.invalid", "has a user name or a password with a character that"),
        ("HTTPS_PROXY", "proxy 5ecret", "has a host that no computer can be named"),
        ("REQUESTS_CA_BUNDLE", "/nonexistent/5ecret.pem", "names a file that can't be read"),
        ("CURL_CA_BUNDLE", os.devnull, "names a file without PEM certificates"),
        ("SSL_CERT_FILE", "/nonexistent/5ecret.pem", "names a file that can't be read"),
    ],
)
def test_a_connection_that_no_variable_allows_is_said_in_one_line(
    name: str, value: str, problem: str, tmp_path: Path
) -> None:
    (line,) = said(tmp_path, **{name: value})
    assert line.startswith(f"WARNING dot-ai telemetry: {name} {problem}")


@pytest.mark.parametrize(
    "variables",
    [
        {"HTTPS_PROXY": "http://user:p%C3%A4ss@proxy.invalid:3128/"},
        {"HTTPS_PROXY": "proxy.invalid:3128"},
        {"HTTPS_PROXY": "HTTPS://PROXY.invalid", "REQUESTS_CA_BUNDLE": ssl.get_default_verify_paths().capath or "/"},
        {"HTTPS_PROXY": "socks5://proxy.invalid", "NO_PROXY": "*"},
        {"HTTP_PROXY": "socks5://proxy.invalid"},
    ],
    ids=str,
)
def test_variables_that_work_or_are_not_used_say_nothing(variables: dict[str, str]) -> None:
    assert connection_problems(ADDRESS, variables) == []


def test_certificates_are_of_no_interest_without_tls() -> None:
    missing = {"REQUESTS_CA_BUNDLE": "/nonexistent"}
    assert connection_problems("http://collector.invalid", missing) == []
    assert connection_problems("http://collector.invalid", {"http_proxy": "https://proxy.invalid", **missing})


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("TELEMETRY_STATE_DIR", "/dev/null/5ecret", "can't be used (no state directory: "),
        ("TELEMETRY_STATE_DIR", "~no-such-user/5ecret", "begins with the home directory of a user who has none"),
        ("TELEMETRY_FLUSH_SECONDS", "5ecret", "must be a number of seconds from 0 to 3600; 10 is used"),
        ("TELEMETRY_GRACE_SECONDS", "-5", "must be a number of seconds from 0 to 86400; 600 is used"),
        ("TELEMETRY_GRACE_SECONDS", "nan", "must be a number of seconds from 0 to 86400; 600 is used"),
        (
            "DEPLOYMENT_METHOD",
            "5ecret",
            "must be helm, kustomize, manifest, docker-compose, docker, kubernetes or local; it is sent as `other`",
        ),
    ],
)
def test_every_other_setting_is_said_in_one_line(name: str, value: str, problem: str, tmp_path: Path) -> None:
    (line,) = said(tmp_path, **{f"DOT_AI_{name}": value})
    assert line.startswith(f"WARNING dot-ai telemetry: DOT_AI_{name} {problem}")
    assert not list(tmp_path.glob("~*"))
