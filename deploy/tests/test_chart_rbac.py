"""Telemetry has one right, and none while it is off; the tools only read."""

from typing import Any

import pytest

from deploy.tests.charts import Document, Rendered, render

OFF: list[dict[str, Any]] = [
    {"telemetry": {"enabled": False}},
    {"telemetry": {"enabled": "false"}},
    {"extraEnv": [{"name": "DOT_AI_TELEMETRY", "value": "false"}]},
    {"extraEnv": [{"name": "DOT_AI_TELEMETRY", "value": "flase"}]},
    {"extraEnv": {"DOT_AI_TELEMETRY": False}},
    {"extraEnv": {"DO_NOT_TRACK": 1}},
]


def bound_roles(rendered: Rendered) -> set[str]:
    """The cluster roles that the pod's service account has."""
    account = {"kind": "ServiceAccount", "name": rendered.pod["serviceAccountName"], "namespace": "tools"}
    return {b["roleRef"]["name"] for b in rendered.of_kind("ClusterRoleBinding") if b["subjects"] == [account]}


def test_telemetry_may_get_the_one_namespace_kube_system_and_nothing_else() -> None:
    only_telemetry = render({"rbac": {"tools": False}})
    assert only_telemetry.rules("-telemetry") == [
        {"apiGroups": [""], "resources": ["namespaces"], "resourceNames": ["kube-system"], "verbs": ["get"]}
    ]
    assert bound_roles(only_telemetry) == {"tools-demo-toolkit-telemetry"}
    assert only_telemetry.of_kind("Role") == only_telemetry.of_kind("RoleBinding") == []


@pytest.mark.parametrize("off", OFF)
def test_telemetry_that_is_off_has_no_right_at_all(off: dict[str, Any]) -> None:
    rendered = render(off)
    assert rendered.rules("-telemetry") == []
    assert bound_roles(rendered) == {"tools-demo-toolkit-tools"}


@pytest.mark.parametrize("off", OFF)
def test_a_pod_that_needs_no_right_gets_no_token(off: dict[str, Any]) -> None:
    assert render({**off, "rbac": {"tools": False}}).pod["automountServiceAccountToken"] is False
    assert render(off).pod["automountServiceAccountToken"] is True
    assert render({"rbac": {"tools": False}}).pod["automountServiceAccountToken"] is True


def test_the_tools_only_read_and_never_read_secrets() -> None:
    rules = render().rules("-tools")
    assert {verb for rule in rules for verb in rule["verbs"]} == {"get", "list"}
    core = [rule for rule in rules if "" in rule["apiGroups"]]
    assert [r for rule in core for r in rule["resources"] if r == "*" or r.startswith("secrets")] == []
    groups = [group for rule in rules for group in rule["apiGroups"]]
    assert "*" not in groups
    assert "rbac.authorization.k8s.io" not in groups


def test_more_rules_for_the_tools_stand_beside_their_own() -> None:
    more: Document = {"apiGroups": ["example.com"], "resources": ["widgets"], "verbs": ["get", "list"]}
    assert render({"rbac": {"extraRules": [more]}}).rules("-tools") == [*render().rules("-tools"), more]


def test_without_rbac_the_chart_makes_no_role() -> None:
    rendered = render({"rbac": {"create": False}})
    assert [o["kind"] for o in rendered.objects if "Role" in o["kind"]] == []


def test_the_service_account_can_be_ones_own() -> None:
    rendered = render({"serviceAccount": {"create": False, "name": "own"}})
    assert rendered.of_kind("ServiceAccount") == []
    assert rendered.pod["serviceAccountName"] == "own"
    assert bound_roles(rendered) == {"tools-demo-toolkit-telemetry", "tools-demo-toolkit-tools"}
