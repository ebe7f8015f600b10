"""Any kubeconfig yields an endpoint or an outcome, and the look-up never raises."""

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from footfall.identity.kubernetes.ask import ask_api_server
from footfall.identity.kubernetes.facts import LookupOutcome
from footfall.identity.kubernetes.kubeconfig import Endpoint, NoAnswerError, current_endpoint

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
addresses = st.sampled_from(
    ["https://[", "http://", "https://:0", "https://x:99999", "//", "ftp://a", "https://\u2100/", "https://.a", "a b"]
) | st.text(max_size=20)
loosely = st.sampled_from(["dev", "c", "u"]) | anything


def fields(*names: str) -> st.SearchStrategy[Any]:
    return st.dictionaries(st.sampled_from(names), loosely, max_size=3) | anything


clusters = fields("certificate-authority-data", "certificate-authority", "insecure-skip-tls-verify", "tls-server-name")
users = fields("token", "tokenFile", "client-certificate-data", "client-key-data", "client-key", "exec", "as")
documents = st.fixed_dictionaries(
    {},
    optional={
        "current-context": loosely,
        "contexts": st.just([{"name": "dev", "context": {"cluster": "c", "user": "u"}}]) | anything,
        "clusters": st.builds(
            lambda server, rest: [{"name": "c", "cluster": {**(rest if isinstance(rest, dict) else {}), **server}}],
            st.fixed_dictionaries({"server": addresses | anything}),
            clusters,
        ),
        "users": st.builds(lambda user: [{"name": "u", "user": user}], users),
    },
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kube") / "config"


def found(path: Path) -> None:
    try:
        ending: object = current_endpoint({"KUBECONFIG": str(path)})
    except NoAnswerError as reason:
        ending = reason
    assert isinstance(ending, Endpoint) or str(ending) in get_args(LookupOutcome)


@given(content=st.binary(max_size=300))
def test_bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    found(path)


@given(document=documents)
def test_yaml_of_any_shape(path: Path, document: object) -> None:
    path.write_text(yaml.safe_dump(document), errors="replace")
    found(path)


@given(document=documents)
def test_json_of_any_shape(path: Path, document: object) -> None:
    path.write_text(json.dumps(document))
    found(path)


@given(text=st.text(alphabet="!&*?:-|>%@`'\"{}[],#~ \n\tab0", max_size=60))
def test_text_of_yaml_punctuation(path: Path, text: str) -> None:
    path.write_text(f"contexts: {text}")
    found(path)


@settings(max_examples=60, deadline=None)
@given(server=addresses.filter(lambda text: "." not in text), token=st.text(max_size=12))
def test_any_address_and_token_yield_an_outcome(path: Path, server: str, token: str) -> None:
    document = {
        "current-context": "dev",
        "contexts": [{"name": "dev", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": f"https://127.0.0.1:9/{server}"}}],
        "users": [{"name": "u", "user": {"token": token}}],
    }
    path.write_text(json.dumps(document))
    assert ask_api_server({"KUBECONFIG": str(path)}, 5.0).outcome in get_args(LookupOutcome)
    assert all(thread.name != "footfall-kubernetes" for thread in threading.enumerate())


def test_without_a_yaml_module_only_json_is_read(path: Path) -> None:
    document = {"current-context": "dev", "contexts": [], "clusters": [], "users": []}
    script = (
        "import sys; sys.modules['yaml'] = None\n"
        "from footfall.identity.kubernetes.ask import ask_api_server\n"
        "print(ask_api_server({'KUBECONFIG': sys.argv[1]}).outcome)"
    )

    def said(content: str) -> str:
        path.write_text(content)
        command = [sys.executable, "-c", script, str(path)]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()

    assert said(yaml.safe_dump(document)) == "kubeconfig not readable"
    assert said(json.dumps(document)) == "no cluster"


NESTED = {
    "brackets": "[" * 50_000,
    "objects": "{a: " * 50_000,
    "closed": "[" * 50_000 + "]" * 50_000,
    "one line of lists": "- " * 50_000,
    "one line of keys": "? - " * 50_000,
    "indentation": "".join(" " * depth + "a:\n" for depth in range(1_300)),
    "utf-16": "[" * 50_000,
}
WITHOUT_A_LIMIT = """
import sys, threading
from footfall.identity.kubernetes.ask import ask_api_server
sys.setrecursionlimit(1_000_000_000)
thread = threading.Thread(target=lambda: print(ask_api_server({"KUBECONFIG": sys.argv[1]}, 60.0).outcome))
thread.start()
thread.join()
"""


@pytest.mark.parametrize("shape", NESTED)
def test_a_deep_kubeconfig_does_not_overflow_the_stack_of_a_host_without_a_recursion_limit(
    tmp_path: Path, shape: str
) -> None:
    encoding = "utf-16" if shape == "utf-16" else "utf-8"
    (tmp_path / "config").write_text(NESTED[shape], encoding=encoding)
    command = [sys.executable, "-c", WITHOUT_A_LIMIT, str(tmp_path / "config")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "kubeconfig not readable\n"), done.stderr


@pytest.mark.parametrize(
    "parse", ["send.wire.interpret_answer(200, text, '')", "identity.kubernetes.ask.parse_version(text)"]
)
def test_a_deep_answer_does_not_overflow_the_stack_of_a_host_without_a_recursion_limit(parse: str) -> None:
    program = f"""
import sys
import footfall.identity.kubernetes.ask, footfall.send.wire
sys.setrecursionlimit(1_000_000_000)
text = b"[" * 200_000
try:
    footfall.{parse}
except footfall.identity.kubernetes.kubeconfig.NoAnswerError:
    pass
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
