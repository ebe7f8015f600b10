"""`report --url` over TLS, with a certificate of a private CA, a token, a reader that leaves, and an ASCII terminal."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from footfall_collector.access import Tokens
from tests.operating.proxies import NAME, SECRET, Proxy
from tests.support.collector_process import start_collector
from tests.support.waiting import wait_for

COMMAND = [sys.executable, "-m", "footfall_collector", "report"]


def report(*arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("FOOTFALL_", "LC_", "LANG"))}
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=90, env=inherited | env, check=False
    )


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path, Tokens]]:
    """The address below https://localhost, the certificate, and the tokens."""
    folder = tmp_path_factory.mktemp("served")
    env = {"FOOTFALL_SIGN_IN_SECRET": SECRET}
    with (
        start_collector(folder / "data", env) as collector,
        Proxy("nginx").before(collector.port, folder / "p") as at,
    ):
        yield at.replace(NAME, "localhost"), folder / "p" / "server.pem", Tokens(folder / "data")


def test_a_certificate_that_can_not_be_trusted_is_named_and_a_ca_makes_it_trusted(
    served: tuple[str, Path, Tokens], tmp_path: Path
) -> None:
    url, pem, tokens = served
    token = {"FOOTFALL_SIGN_IN_SECRET": tokens.add("mine")}
    cases = {
        f"the certificate of {url} can't be trusted (self-signed certificate)": ["--url", url],
        "is for another name": ["--url", url.replace("localhost", "127.1"), "--ca", str(pem)],
        "has no certificate in PEM": ["--url", url, "--ca", __file__],
        "can't be read (No such file or directory)": ["--url", url, "--ca", str(tmp_path / "none.pem")],
    }
    for sentence, arguments in cases.items():
        ran = report(*arguments, **token)
        assert (ran.returncode, ran.stdout, len(ran.stderr.splitlines())) == (1, "", 1)
        assert sentence.replace("self-signed", "self signed") in ran.stderr.replace("self-signed", "self signed")
    ran = report("--url", url, "--ca", str(pem), **token)
    assert (ran.returncode, ran.stderr) == (0, "")
    metrics = {"FOOTFALL_SIGN_IN_SECRET": tokens.add("metrics", "metrics")}

    def is_refused() -> bool:
        limited = report("--url", url, "--ca", str(pem), **metrics)
        return limited.returncode == 1 and "This token reads /metrics only" in limited.stderr

    wait_for(is_refused, "the collector to know the token and refuse it")


@pytest.mark.parametrize("form", ["terminal", "markdown", "html"])
def test_an_ascii_terminal_and_a_reader_that_leaves_get_no_traceback(
    served: tuple[str, Path, Tokens], form: str
) -> None:
    url, pem, _ = served
    arguments = ["--url", url, "--ca", str(pem), "--format", form]
    env = {"FOOTFALL_SIGN_IN_SECRET": SECRET, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    ran = report(*arguments, **env)
    assert (ran.returncode, ran.stderr, ran.stdout.isascii()) == (0, "", True)
    left, kept = os.pipe()
    os.close(left)
    closed = subprocess.run(
        [*COMMAND, *arguments], stdout=kept, stderr=subprocess.PIPE, env=os.environ | env, timeout=90, check=False
    )
    os.close(kept)
    assert (closed.returncode in (0, 1), closed.stderr) == (True, b"")
