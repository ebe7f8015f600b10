"""The tools' answers with a cluster that can be read."""

import pytest

from examples.toolkit.tests.tool_calls import ask
from scripts.demo.shop import SECRET_VALUE
from scripts.demo.standin import StandIn


def test_version_names_the_server_and_the_cluster(standin: StandIn) -> None:
    assert ask("version").data == {"server": "2.2.0", "kubernetes": "v1.34.2", "platform": "linux/amd64"}


@pytest.mark.parametrize("kind", ["pods", "Pod", "po", "PODS"])
def test_query_finds_a_kind_by_any_of_its_names(standin: StandIn, kind: str) -> None:
    answer = ask("query", kind=kind, namespace="kube-system").data
    assert answer["items"] == [
        {"namespace": "kube-system", "name": "coredns-0", "ready": "1/1", "status": "Running", "age": "22d"}
    ]


@pytest.mark.parametrize("kind", ["coupons", "Coupon", "cp", "coupons.example.com"])
def test_query_discovers_custom_kinds(standin: StandIn, kind: str) -> None:
    answer = ask("query", kind=kind).data
    assert (answer["kind"], answer["api_version"]) == ("Coupon", "example.com/v1")
    assert [item["name"] for item in answer["items"]] == ["november"]


def test_query_without_a_namespace_reads_all_of_them(standin: StandIn) -> None:
    assert {i["namespace"] for i in ask("query", kind="pods").data["items"]} == {"shop", "kube-system"}


def test_query_filters_by_label(standin: StandIn) -> None:
    names = [i["name"] for i in ask("query", kind="pods", label_selector="app=cart").data["items"]]
    assert names == ["cart-0", "cart-1", "cart-2"]


def test_query_gives_pages_that_together_are_everything(standin: StandIn) -> None:
    first = ask("query", kind="pods", limit=6).data
    assert (len(first["items"]), first["remaining"]) == (6, 4)
    second = ask("query", kind="pods", limit=6, continue_token=first["continue_token"]).data
    assert (len(second["items"]), second["continue_token"], second["remaining"]) == (4, None, 0)
    assert len({i["name"] for i in first["items"] + second["items"]}) == 10


def test_describe_gives_the_resource_with_its_newest_event_first(standin: StandIn) -> None:
    answer = ask("describe", kind="pod", name="coupons-0", namespace="shop").data
    assert answer["resource"]["status"]["phase"] == "CrashLoopBackOff"
    assert [e["time"] for e in answer["events"]] == ["2026-11-23T09:06:00Z", "2026-11-23T09:05:00Z"]
    assert answer["events"][0]["object"] == "Pod/coupons-0"


def test_describe_leaves_out_managed_fields(standin: StandIn) -> None:
    assert "managedFields" not in ask("describe", kind="svc", name="web", namespace="shop").text


def test_describe_shows_a_secrets_keys_and_never_its_data(standin: StandIn) -> None:
    answer = ask("describe", kind="secret", name="database", namespace="shop")
    assert answer.data["resource"]["data"] == {"password": "(redacted, 40 characters)"}
    assert answer.data["resource"]["metadata"]["annotations"] == {"team": "checkout"}
    assert SECRET_VALUE not in answer.text
    assert SECRET_VALUE not in ask("query", kind="secrets").text


def test_describe_of_something_without_a_namespace_needs_none(standin: StandIn) -> None:
    assert ask("describe", kind="ns", name="shop").data["resource"]["metadata"]["name"] == "shop"


def test_events_come_newest_first_and_bounded(standin: StandIn) -> None:
    times = [e["time"] for e in ask("events", namespace="shop", limit=3).data["events"]]
    assert times == ["2026-11-23T09:06:00Z", "2026-11-23T09:05:00Z", "2026-11-23T09:04:00Z"]


def test_events_can_be_warnings_only(standin: StandIn) -> None:
    assert {e["type"] for e in ask("events", warnings_only=True).data["events"]} == {"Warning"}


def test_logs_are_the_last_lines_as_text(standin: StandIn) -> None:
    lines = ask("logs", pod="web-1", namespace="shop", tail_lines=2).text.splitlines()
    assert [line.split(" ", 1)[1] for line in lines] == ["web-1 handled request 8", "web-1 handled request 9"]
    assert standin.requests[-1] == "/api/v1/namespaces/shop/pods/web-1/log?tailLines=2&limitBytes=65536"


def test_a_name_cannot_leave_its_place_in_the_path(standin: StandIn) -> None:
    assert ask("describe", kind="pods", name="../secrets/database", namespace="shop").failed
    assert standin.requests[-1] == "/api/v1/namespaces/shop/pods/..%2Fsecrets%2Fdatabase"
    asked = len(standin.requests)
    assert ask("describe", kind="pods", name="..", namespace="shop").failed
    assert len(standin.requests) == asked
