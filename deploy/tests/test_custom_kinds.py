"""Custom resources, GitOps examples included, are valid by schemas made from their projects' types."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.tests.charts import Document, render

NODE = Path(__file__).parent / "node"
ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "deploy/gitops").glob("*/*.yaml"))
BOTH: Document = {
    "httpRoute": {"enabled": True, "parentRefs": [{"name": "public", "namespace": "g"}], "hostnames": ["a.example"]},
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "settings": {"trusted_proxies": ["10.244.0.0/16"]},
}
needs_schemas = pytest.mark.skipif(
    not (NODE / "node_modules").exists() and "CI" not in os.environ, reason="`make node` brings these schemas"
)


def objections(objects: list[Document]) -> list[str]:
    """What the schemas object to."""
    command = ["node", str(NODE / "check.mjs")]
    done = subprocess.run(command, input=json.dumps(objects), capture_output=True, text=True, timeout=60, check=True)
    return list(json.loads(done.stdout))


def documents(path: Path) -> list[Document]:
    """The objects in a file."""
    return [one for one in yaml.safe_load_all(path.read_text()) if one]


@needs_schemas
def test_the_route_and_the_monitor_are_what_their_projects_define() -> None:
    rendered = render(BOTH, chart="collector")
    assert objections([rendered.one("HTTPRoute"), rendered.one("ServiceMonitor")]) == []


@needs_schemas
@pytest.mark.parametrize(("kind", "field"), [("HTTPRoute", "rules"), ("ServiceMonitor", "endpoints")])
def test_the_schemas_object_to_what_is_wrong(kind: str, field: str) -> None:
    wrong = render(BOTH, chart="collector").one(kind)
    wrong["spec"][field] = "none"
    assert [o for o in objections([wrong]) if field in o]


@needs_schemas
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: "/".join(p.parts[-2:]))
def test_every_gitops_example_is_what_its_project_defines(path: Path) -> None:
    assert objections(documents(path)) == []


def values_of(one: Document) -> tuple[str, dict[str, Any]] | None:
    """The path and the values of the chart that an example installs; None where it installs no chart."""
    spec = one["spec"]
    if one["kind"] == "Application" and "helm" in spec["source"]:
        return spec["source"]["path"], spec["source"]["helm"]["valuesObject"]
    if one["kind"] == "HelmRelease":
        return spec["chart"]["spec"]["chart"], spec["values"]
    return None


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: "/".join(p.parts[-2:]))
def test_what_an_example_installs_is_there_and_takes_its_values(path: Path) -> None:
    for one in documents(path):
        if one["kind"] == "GitRepository":
            continue
        installs = values_of(one)
        if installs is None:
            where = one["spec"].get("path") or one["spec"]["source"]["path"]
            assert (ROOT / where / "kustomization.yaml").is_file()
        else:
            chart, values = ROOT / installs[0], installs[1]
            assert render(values, chart=chart.name).container["image"].startswith("images.example.com/")


def test_argo_cd_gets_no_secret_that_would_change_with_every_sync() -> None:
    (one,) = documents(ROOT / "deploy/gitops/argocd/collector.yaml")
    installs = values_of(one)
    assert installs is not None
    first, second = (render(installs[1], chart="collector").objects for _ in range(2))
    assert first == second
