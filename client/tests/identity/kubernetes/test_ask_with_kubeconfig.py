"""On a developer's machine the current context of KUBECONFIG says whom to ask; nothing is ever run to log in."""

import base64
import json
import os
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from client.tests.identity.kubernetes.certificates import Authority
from client.tests.identity.kubernetes.kube_api import TOKEN, UID, KubeApi, kube_api, service_account
from footfall.identity.kubernetes.ask import ask_api_server
from footfall.identity.kubernetes.facts import ClusterFacts, LookupOutcome

Asking = Callable[..., ClusterFacts]
LEARNT = ClusterFacts(True, UID, "1.31.2", "kubeconfig")

WATCH_WRITES = """
import os, sys
from footfall.identity.kubernetes.kubeconfig import LookupOutcome
from footfall.identity.kubernetes.ask import ask_api_server
def watch(event, details):
    if event == "open" and details[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        print(details[0])
sys.addaudithook(watch)
print(ask_api_server({"KUBECONFIG": sys.argv[1]}, 30).outcome)
"""
ASK_AT_A_TERMINAL = """
import os, sys
terminal = os.open(sys.argv[2], os.O_RDWR)  # the first terminal that a session opens is its own
from footfall.identity.kubernetes.kubeconfig import LookupOutcome
from footfall.identity.kubernetes.ask import ask_api_server
os.write(terminal, ask_api_server({"KUBECONFIG": sys.argv[1]}, 5).outcome.encode())
"""


def run_python(script: str, *arguments: str) -> str:
    # -B: what the process writes is watched, and compiled modules are not the script's doing.
    command = [sys.executable, "-B", "-c", script, *arguments]
    ended = subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        start_new_session=True,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def encoded(pem: bytes) -> str:
    return base64.b64encode(pem).decode()


def document(server: str, cluster: dict[str, Any], user: dict[str, Any], name: str = "dev") -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "preferences": {},
        "current-context": name,
        "contexts": [{"name": name, "context": {"cluster": f"{name}-cluster", "user": f"{name}-user"}}],
        "clusters": [{"name": f"{name}-cluster", "cluster": {"server": server, **cluster}}],
        "users": [{"name": f"{name}-user", "user": user}],
    }


@pytest.fixture
def asking(tmp_path: Path, authority: Authority) -> Asking:
    """Ask by a kubeconfig with these fields; the cluster's CA is given as data unless the fields say otherwise."""

    def ask_with(api: KubeApi, user: dict[str, Any], cluster: dict[str, Any] | None = None) -> ClusterFacts:
        trust = {"certificate-authority-data": encoded(authority.pem)} if cluster is None else cluster
        path = tmp_path / "kubeconfig"
        path.write_text(yaml.safe_dump(document(api.server, trust, user)))
        return ask_api_server({"KUBECONFIG": str(path)}, 5.0)

    return ask_with


@pytest.fixture
def api_with_client_certificates(authority: Authority, tmp_path: Path) -> ssl.SSLContext:
    return authority.server(tmp_path, clients=True)


def test_a_yaml_kubeconfig_with_a_token(tls: ssl.SSLContext, asking: Asking) -> None:
    with kube_api(tls=tls) as api:
        assert asking(api, {"token": TOKEN}) == LEARNT
        assert api.asked[0].headers["Authorization"] == f"Bearer {TOKEN}"


def test_a_token_file_is_relative_to_the_kubeconfig_and_wins_over_a_token(
    tls: ssl.SSLContext, asking: Asking, tmp_path: Path
) -> None:
    (tmp_path / "fresh").write_text("fresh-token\n")
    with kube_api(tls=tls) as api:
        assert asking(api, {"token": "stale", "tokenFile": "fresh"}) == LEARNT
        assert api.asked[0].headers["Authorization"] == "Bearer fresh-token"


def test_a_certificate_authority_file_is_relative_to_the_kubeconfig(
    tls: ssl.SSLContext, asking: Asking, tmp_path: Path, authority: Authority
) -> None:
    (tmp_path / "ca.crt").write_bytes(authority.pem)
    with kube_api(tls=tls) as api:
        assert asking(api, {"token": TOKEN}, {"certificate-authority": "ca.crt"}) == LEARNT
        assert asking(api, {"token": TOKEN}, {"certificate-authority": "gone.crt"}).outcome == "tls"


def test_without_a_certificate_authority_the_systems_decide(tls: ssl.SSLContext, asking: Asking) -> None:
    with kube_api(tls=tls) as api:
        assert asking(api, {"token": TOKEN}, {}).outcome == "tls"
        assert api.asked == []


def test_insecure_skip_tls_verify_is_the_operators_decision(tls: ssl.SSLContext, asking: Asking) -> None:
    with kube_api(tls=tls) as api:
        assert asking(api, {"token": TOKEN}, {"insecure-skip-tls-verify": True}) == LEARNT
        assert asking(api, {"token": TOKEN}, {"insecure-skip-tls-verify": False}).outcome == "tls"


def test_a_tls_server_name_is_what_the_certificate_must_say(
    authority: Authority, tmp_path: Path, asking: Asking
) -> None:
    trust = {"certificate-authority-data": encoded(authority.pem), "tls-server-name": "kubernetes.default.svc"}
    with kube_api(tls=authority.server(tmp_path, "kubernetes.default.svc")) as api:
        assert asking(api, {"token": TOKEN}, trust) == LEARNT
        assert asking(api, {"token": TOKEN}).outcome == "tls"


def test_a_client_certificate_given_as_data_is_shown_and_its_key_never_touches_a_disk(
    api_with_client_certificates: ssl.SSLContext, authority: Authority, asking: Asking, tmp_path: Path
) -> None:
    certificate, key = authority.issue("developer")
    with kube_api(tls=api_with_client_certificates) as api:
        assert asking(api, {}).outcome == "tls"
        assert asking(api, {"client-certificate-data": encoded(certificate), "client-key-data": encoded(key)}) == LEARNT
        watched = run_python(WATCH_WRITES, str(tmp_path / "kubeconfig"))
    # File numbers are those of memory files, which have no name.
    assert [line for line in watched.splitlines() if not line.isdigit()] == ["kubeconfig"]


def test_a_client_certificate_in_files_is_shown(
    api_with_client_certificates: ssl.SSLContext, authority: Authority, asking: Asking, tmp_path: Path
) -> None:
    certificate, key = authority.issue("developer")
    (tmp_path / "client.crt").write_bytes(certificate)
    (tmp_path / "client.key").write_bytes(key)
    with kube_api(tls=api_with_client_certificates) as api:
        assert asking(api, {"client-certificate": "client.crt", "client-key": str(tmp_path / "client.key")}) == LEARNT
        assert asking(api, {"client-certificate": "client.crt", "client-key": "gone"}).outcome == "tls"


def test_an_encrypted_key_never_asks_the_terminal_for_its_password(
    api_with_client_certificates: ssl.SSLContext, authority: Authority, asking: Asking, tmp_path: Path
) -> None:
    certificate, key = authority.issue("developer", password=b"secret")
    terminal, its_other_end = os.openpty()
    with kube_api(tls=api_with_client_certificates) as api:
        user = {"client-certificate-data": encoded(certificate), "client-key-data": encoded(key)}
        assert asking(api, user).outcome == "tls"
        run_python(ASK_AT_A_TERMINAL, str(tmp_path / "kubeconfig"), os.ttyname(its_other_end))
    assert os.read(terminal, 1000).split() == [b"tls"]
    os.close(its_other_end)
    os.close(terminal)


@pytest.mark.parametrize(
    "user",
    [
        {"exec": {"command": "touch", "args": ["ran"], "apiVersion": "client.authentication.k8s.io/v1"}},
        {"auth-provider": {"name": "gcp", "config": {"cmd-path": "touch", "cmd-args": "ran"}}},
        {"username": "admin", "password": "admin"},
        {"token": TOKEN, "as": "system:admin"},
    ],
)
def test_a_login_that_needs_a_plugin_or_another_identity_is_left_alone(
    tls: ssl.SSLContext, asking: Asking, tmp_path: Path, user: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with kube_api(tls=tls) as api:
        assert asking(api, user) == ClusterFacts(False, None, None, "unsupported login")
        assert api.asked == []
    assert not (tmp_path / "ran").exists()


def test_a_token_is_used_even_if_there_is_a_plugin(tls: ssl.SSLContext, asking: Asking) -> None:
    with kube_api(tls=tls) as api:
        assert asking(api, {"token": TOKEN, "exec": {"command": "false"}}) == LEARNT


def test_a_cluster_behind_a_proxy_is_left_alone(tls: ssl.SSLContext, asking: Asking) -> None:
    with kube_api(tls=tls) as api:
        assert asking(api, {"token": TOKEN}, {"proxy-url": "http://127.0.0.1:9"}).outcome == "needs a proxy"


def test_credentials_never_travel_over_plain_http(asking: Asking) -> None:
    with kube_api() as api:
        assert asking(api, {"token": TOKEN}, {}) == LEARNT
        assert "Authorization" not in api.asked[0].headers


def test_a_server_address_may_have_a_path(tls: ssl.SSLContext, asking: Asking) -> None:
    with kube_api(tls=tls) as api:
        api.answers = {f"/k8s/clusters/c-1{path}": answer for path, answer in api.answers.items()}
        api.server += "/k8s/clusters/c-1/"
        assert asking(api, {"token": TOKEN}) == LEARNT


def test_a_server_address_without_scheme_means_https(tls: ssl.SSLContext, asking: Asking) -> None:
    with kube_api(tls=tls) as api:
        api.server = api.server.removeprefix("https://")
        assert asking(api, {"token": TOKEN}) == LEARNT


def test_the_default_kubeconfig_is_in_the_home_directory(
    tls: ssl.SSLContext, authority: Authority, tmp_path: Path
) -> None:
    (tmp_path / ".kube").mkdir()
    with kube_api(tls=tls) as api:
        trust = {"certificate-authority-data": encoded(authority.pem)}
        content = json.dumps(document(api.server, trust, {"token": TOKEN}))
        (tmp_path / ".kube" / "config").write_text(content)
        assert ask_api_server({"HOME": str(tmp_path)}, 5.0) == LEARNT
        assert ask_api_server({"HOME": str(tmp_path), "KUBECONFIG": ""}, 5.0) == LEARNT


def test_several_kubeconfigs_are_merged_and_the_first_to_say_something_wins(
    tls: ssl.SSLContext, authority: Authority, tmp_path: Path
) -> None:
    trust = {"certificate-authority-data": encoded(authority.pem)}
    with kube_api(tls=tls) as api:
        dev = document(api.server, trust, {"token": TOKEN})
        (tmp_path / "contexts").write_text(yaml.safe_dump({k: dev[k] for k in ("contexts", "current-context")}))
        other = document("https://127.0.0.1:9", {}, {}, name="other")
        (tmp_path / "rest").write_text(yaml.safe_dump(other | {k: dev[k] + other[k] for k in ("clusters", "users")}))
        paths = [tmp_path / "missing", tmp_path / "contexts", tmp_path / "rest"]
        assert ask_api_server({"KUBECONFIG": os.pathsep.join(map(str, paths))}, 5.0) == LEARNT


def test_a_pod_without_a_service_account_may_have_a_kubeconfig(
    tls: ssl.SSLContext, authority: Authority, tmp_path: Path
) -> None:
    with kube_api(tls=tls) as api:
        trust = {"certificate-authority-data": encoded(authority.pem)}
        (tmp_path / "config").write_text(yaml.safe_dump(document(api.server, trust, {"token": TOKEN})))
        environ = api.environ() | {"KUBECONFIG": str(tmp_path / "config")}
        assert ask_api_server(environ, 5.0, str(tmp_path / "none")) == LEARNT
        inside = service_account(tmp_path / "sa", authority.pem)
        assert ask_api_server(environ, 5.0, inside).outcome == "in-cluster"


@pytest.mark.parametrize(
    ("content", "outcome"),
    [
        ("", "kubeconfig not readable"),
        ("{", "kubeconfig not readable"),
        ("&a [*a]", "kubeconfig not readable"),
        ("!!python/object/apply:os.system ['touch ran']", "kubeconfig not readable"),
        ("current-context: dev\n", "no cluster"),
        ("current-context: dev\ncontexts: [{name: dev, context: {cluster: gone}}]\n", "no cluster"),
        ("current-context: dev\ncontexts: 7\nclusters: {a: b}\nusers: [1, [2], {name: 3}]\n", "no cluster"),
        ("a: 2024-99-99\nb: !!timestamp x\nc: !!int ''\nd: {? [1]: 2}\n", "kubeconfig not readable"),
        ("#" * (1 << 20) + "\n{}\n", "kubeconfig not readable"),
    ],
)
def test_a_kubeconfig_that_names_no_cluster_is_no_cluster(tmp_path: Path, content: str, outcome: LookupOutcome) -> None:
    (tmp_path / "config").write_text(content)
    assert ask_api_server({"KUBECONFIG": str(tmp_path / "config")}, 10.0) == ClusterFacts(False, None, None, outcome)


def test_a_kubeconfig_in_utf_16_is_read(tls: ssl.SSLContext, authority: Authority, tmp_path: Path) -> None:
    with kube_api(tls=tls) as api:
        trust = {"certificate-authority-data": encoded(authority.pem)}
        text = yaml.safe_dump(document(api.server, trust, {"token": TOKEN}))
        (tmp_path / "config").write_text(text, encoding="utf-16")
        assert ask_api_server({"KUBECONFIG": str(tmp_path / "config")}, 5.0) == LEARNT


def test_a_kubeconfig_in_a_pipe_is_left_to_the_host_to_read(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    try:
        os.write(writing, b"{}")
        assert ask_api_server({"KUBECONFIG": f"/dev/fd/{reading}"}, 5.0).outcome == "kubeconfig not readable"
        assert os.read(reading, 2) == b"{}"
    finally:
        os.close(reading)
        os.close(writing)
    os.mkfifo(tmp_path / "fifo")
    assert ask_api_server({"KUBECONFIG": str(tmp_path / "fifo")}, 5.0).outcome == "kubeconfig not readable"
