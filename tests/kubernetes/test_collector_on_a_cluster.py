"""A real API server accepts every object of the collector's chart and of the files generated from both charts."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.tests.charts import CHARTS, Document, render
from deploy.tests.test_collector_chart import CLICKHOUSE, CUSTOM, EVERYTHING
from tests.kubernetes.control_plane import ControlPlane

ROOT = Path(__file__).resolve().parents[2]
ON_CLICKHOUSE: Document = {key: value for key, value in EVERYTHING.items() if key != "backup"} | {
    "clickhouse": CLICKHOUSE,
    "replicas": 2,
}
MADE = sorted([*(ROOT / "deploy/manifests").glob("*.yaml"), *(ROOT / "deploy/kustomize").glob("*/resources.yaml")])


def taken(plane: ControlPlane, objects: list[Document], namespace: str) -> list[dict[str, Any]]:
    """Apply the objects of kinds that the server has; what it made of them."""
    answers = plane.apply([one for one in objects if one["kind"] not in CUSTOM], namespace)
    assert [answer for answer in answers if answer.status not in (200, 201)] == []
    return [answer.body for answer in answers]


@pytest.mark.parametrize(("name", "values"), [("plain", {}), ("full", EVERYTHING), ("sharded", ON_CLICKHOUSE)])
def test_every_object_is_taken_and_applying_it_again_changes_nothing(
    plane: ControlPlane, name: str, values: Document
) -> None:
    objects = render(values, chart="collector", name=name, namespace=name).objects
    first = taken(plane, objects, name)
    again = taken(plane, objects, name)
    # What the server fills in or drops would show up as a change at each sync of a GitOps controller.
    assert [_generation(one) for one in again] == [_generation(one) for one in first]


def _generation(one: dict[str, Any]) -> tuple[str, int | None]:
    """An object's kind and how often what it asks for was changed; not all kinds count that."""
    return one["kind"], one["metadata"].get("generation")


def test_all_kinds_are_tried_here_but_those_that_projects_of_their_own_define(plane: ControlPlane) -> None:
    """The two that are left are validated by `deploy/tests/test_custom_kinds.py` against their projects' own types."""
    kinds = {one["kind"] for one in render(EVERYTHING, chart="collector").objects}
    served = {kind for _, kind in plane.kinds()}
    assert kinds - served == set(CUSTOM)
    assert {"StatefulSet", "Service", "Secret", "ConfigMap", "Ingress", "NetworkPolicy", "CronJob"} <= kinds


@pytest.mark.parametrize("path", MADE, ids=lambda path: path.relative_to(ROOT / "deploy").as_posix())
def test_manifests_and_bases_are_taken(plane: ControlPlane, path: Path) -> None:
    objects = [one for one in yaml.safe_load_all(path.read_text()) if one and one["kind"] != "Kustomization"]
    taken(plane, objects, "footfall")


def test_a_wrong_object_is_refused(plane: ControlPlane) -> None:
    workload = render(chart="collector", name="wrong", namespace="wrong").one("StatefulSet")
    workload["spec"]["replica"] = 1
    *_, answer = plane.apply([workload], "wrong")
    assert answer.status not in (200, 201)
    assert "replica" in str(answer.body)


def test_helm_installs_it_and_neither_an_upgrade_nor_a_new_install_changes_its_secrets(plane: ControlPlane) -> None:
    path = "/api/v1/namespaces/kept/secrets/kept-collector"
    chart = str(CHARTS / "collector")
    plane.apply([], "kept")
    with plane.helm("kept") as helm:
        helm.install(chart, "kept", {}, namespace="kept")
        first = plane.ask("GET", path).body["data"]
        helm.upgrade(chart, "kept", {"service": {"port": 80}}, namespace="kept")
        later = plane.ask("GET", path).body["data"]
        service = plane.ask("GET", "/api/v1/namespaces/kept/services/kept-collector").body
        assert service["spec"]["ports"][0]["port"] == 80
        assert (set(first), later) == ({"sign-in-secret", "pepper"}, first)
        # Without the pepper, events of before and after would no longer belong together.
        helm.uninstall("kept")
        assert plane.ask("GET", "/api/v1/namespaces/kept/services/kept-collector").status == 404
        helm.install(chart, "kept", {}, namespace="kept")
        assert plane.ask("GET", path).body["data"] == first


def test_its_account_can_read_nothing(plane: ControlPlane) -> None:
    rendered = render(EVERYTHING, chart="collector", name="powerless", namespace="powerless")
    taken(plane, rendered.objects, "powerless")
    token = plane.token_of(rendered.one("ServiceAccount")["metadata"]["name"], "powerless")
    for path in ("pods", "secrets", "configmaps", "services"):
        assert plane.ask("GET", f"/api/v1/namespaces/powerless/{path}", token).status == 403
    assert plane.ask("GET", "/api/v1/namespaces/kube-system", token).status == 403
