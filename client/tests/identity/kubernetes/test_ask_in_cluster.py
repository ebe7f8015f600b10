"""A pod asks its API server once for the UID of kube-system and the version."""

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from client.tests.identity.kubernetes.certificates import Authority
from client.tests.identity.kubernetes.kube_api import (
    NAMESPACE,
    TOKEN,
    UID,
    VERSION,
    Answer,
    kube_api,
    namespace,
    refusal,
    service_account,
    version,
)
from footfall.catalogue import clean_version
from footfall.identity.kubernetes.ask import ask_api_server, parse_uid, parse_version
from footfall.identity.kubernetes.facts import NO_CLUSTER, ClusterFacts, LookupOutcome
from footfall.identity.kubernetes.kubeconfig import NoAnswerError

AskFromPod = Callable[..., ClusterFacts]


def test_a_pod_learns_the_uid_and_the_version_without_vendor_suffix(
    tls: ssl.SSLContext, ask_from_pod: AskFromPod
) -> None:
    with kube_api(tls=tls) as api:
        assert ask_from_pod(api) == ClusterFacts(True, UID, "1.31.2", "in-cluster")


def test_uid_and_version_are_requested_once_with_the_service_account_token(
    tls: ssl.SSLContext, ask_from_pod: AskFromPod
) -> None:
    with kube_api(tls=tls) as api:
        ask_from_pod(api)
        assert api.paths == [NAMESPACE, VERSION]
        assert {asked.headers["Authorization"] for asked in api.asked} == {f"Bearer {TOKEN}"}
        assert {asked.headers["User-Agent"] for asked in api.asked} == {"footfall"}


def test_a_server_that_closes_after_every_answer_gets_both_requests(
    tls: ssl.SSLContext, ask_from_pod: AskFromPod
) -> None:
    with kube_api(tls=tls, protocol="HTTP/1.0") as api:
        assert ask_from_pod(api) == ClusterFacts(True, UID, "1.31.2", "in-cluster")


def test_a_forbidden_namespace_still_yields_the_version(tls: ssl.SSLContext, ask_from_pod: AskFromPod) -> None:
    with kube_api({NAMESPACE: refusal(403), VERSION: version()}, tls=tls) as api:
        assert ask_from_pod(api) == ClusterFacts(True, None, "1.31.2", "forbidden")


def test_a_refused_token_is_not_tried_twice(tls: ssl.SSLContext, ask_from_pod: AskFromPod) -> None:
    with kube_api({NAMESPACE: refusal(401), VERSION: refusal(401)}, tls=tls) as api:
        assert ask_from_pod(api) == ClusterFacts(True, None, None, "unauthorized")
        assert api.paths == [NAMESPACE]


def test_a_uid_of_version_1_is_not_used_because_it_holds_a_mac_address(
    tls: ssl.SSLContext, ask_from_pod: AskFromPod
) -> None:
    old = namespace("9f0f1b2e-6a3d-11e8-8d5a-42010a8400c9")
    with kube_api({NAMESPACE: old, VERSION: version("v1.14.10")}, tls=tls) as api:
        assert ask_from_pod(api) == ClusterFacts(True, None, "1.14.10", "uid not version 4")


def test_an_upper_case_uid_is_the_same_uid(tls: ssl.SSLContext, ask_from_pod: AskFromPod) -> None:
    with kube_api({NAMESPACE: namespace(UID.upper()), VERSION: version()}, tls=tls) as api:
        assert ask_from_pod(api).uid == UID


def test_a_missing_version_does_not_cost_the_uid(tls: ssl.SSLContext, ask_from_pod: AskFromPod) -> None:
    for answer in (refusal(403), Answer(body=b"not json"), Answer(status=500), version(None)):
        with kube_api({NAMESPACE: namespace(), VERSION: answer}, tls=tls) as api:
            assert ask_from_pod(api) == ClusterFacts(True, UID, None, "in-cluster")


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer(body=b"<html>Sign in to continue</html>"), "not an API answer"),
        (Answer(body=b'["a list"]'), "not an API answer"),
        (Answer(body=b"[" * 100_000), "not an API answer"),
        (Answer(body=b"\xff\xfe"), "not an API answer"),
        (Answer(body=b'{"metadata": {}}'), "not an API answer"),
        (Answer(body=b'{"metadata": 7}'), "not an API answer"),
        (namespace(12), "not an API answer"),
        (namespace("not-a-uid"), "not an API answer"),
        (namespace(UID + "0"), "not an API answer"),
        (Answer(404, b"{}"), "not an API answer"),
        (Answer(body=b" " * 700_000), "answer too large"),
        (Answer(301, headers={"Location": NAMESPACE + "/"}), "redirect"),
        (Answer(307, headers={"Location": "http://127.0.0.1:9/"}), "redirect"),
        (Answer(429, headers={"Retry-After": "1"}), "server error"),
        (Answer(503), "server error"),
    ],
)
def test_an_unusable_answer_ends_the_look_up(
    tls: ssl.SSLContext, ask_from_pod: AskFromPod, answer: Answer, outcome: LookupOutcome
) -> None:
    with kube_api({NAMESPACE: answer, VERSION: version()}, tls=tls) as api:
        assert ask_from_pod(api) == ClusterFacts(False, None, None, outcome)
        assert api.paths == [NAMESPACE]


def test_without_a_token_no_request_is_sent(authority: Authority, tls: ssl.SSLContext, tmp_path: Path) -> None:
    with kube_api(tls=tls) as api:
        assert ask_api_server(api.environ(), 5.0, str(tmp_path / "none")).outcome == "no service-account token"
        empty = service_account(tmp_path / "empty", authority.pem, token=" \n")
        assert ask_api_server(api.environ(), 5.0, empty).outcome == "no service-account token"
        assert api.asked == []


def test_without_the_clusters_ca_the_token_is_not_sent(tls: ssl.SSLContext, tmp_path: Path) -> None:
    with kube_api(tls=tls) as api:
        assert (
            ask_api_server(api.environ(), 5.0, service_account(tmp_path / "sa", b"")).outcome == "no service-account CA"
        )
        assert (
            ask_api_server(api.environ(), 5.0, service_account(tmp_path / "sa2", b"not a certificate")).outcome == "tls"
        )
        assert api.asked == []


def test_where_there_is_no_cluster_nothing_happens(tmp_path: Path) -> None:
    assert ask_api_server({"HOME": str(tmp_path)}) == NO_CLUSTER
    assert ask_api_server({}) == NO_CLUSTER


def test_proxies_of_the_environment_are_not_used(
    tls: ssl.SSLContext, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    directory = service_account(tmp_path / "sa", authority.pem)
    with kube_api(tls=tls) as api:
        assert ask_api_server(api.environ() | {"HTTPS_PROXY": "http://127.0.0.1:9"}, 5.0, directory).uid == UID


@given(uid=st.uuids(version=4), upper=st.booleans())
def test_any_uid_of_version_4_is_admitted_in_lower_case(uid: object, upper: bool) -> None:
    text = str(uid).upper() if upper else str(uid)
    assert parse_uid(namespace(text).body) == str(uid)


@given(uid=st.one_of(st.uuids().filter(lambda u: u.version != 4).map(str), st.text(), st.integers(), st.none()))
def test_no_other_uid_is_admitted(uid: object) -> None:
    with pytest.raises(NoAnswerError):
        parse_uid(namespace(uid).body)


@given(git=st.one_of(st.text(), st.from_regex(r"v1\.\d{1,3}\.\d{1,3}([-+][a-z0-9.]{0,20})?", fullmatch=True)))
def test_only_the_admissible_part_of_a_version_is_used(git: str) -> None:
    assert parse_version(version(git).body) == clean_version(git)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200), status=st.sampled_from([200, 200, 201, 204, 302, 418, 599]))
def test_no_answer_of_a_server_raises(tls: ssl.SSLContext, ask_from_pod: AskFromPod, body: bytes, status: int) -> None:
    with kube_api({NAMESPACE: Answer(status, body), VERSION: Answer(status, body)}, tls=tls) as api:
        facts = ask_from_pod(api)
    assert facts.uid is None
