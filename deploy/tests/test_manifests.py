"""Plain manifests and kustomize bases hold the charts' objects, and each installs as documented."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from deploy.tests.charts import Document, Rendered, render
from footfall.settings import Product, Settings, decide_by_environment
from scripts.setup.kubernetes_assets import folder as assets

PRODUCT = Product("dot-ai", version="2.2.0", write_key="phc_products_own")
ROOT = Path(__file__).resolve().parents[2]
CHARTS = ["toolkit", "collector"]
METHODS = ["manifest", "kustomize"]
KUSTOMIZE = assets() / "kustomize"
needs_kustomize = pytest.mark.skipif(
    not KUSTOMIZE.exists() and "CI" not in os.environ, reason="`make kubernetes-assets` builds kustomize"
)


def installed(method: str, chart: str) -> Rendered:
    """What is applied."""
    where = {"manifest": f"deploy/manifests/{chart}.yaml", "kustomize": f"deploy/kustomize/{chart}/resources.yaml"}
    text = (ROOT / where[method]).read_text()
    return Rendered([one for one in yaml.safe_load_all(text) if one], "")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("chart", CHARTS)
def test_every_object_is_one_that_kubernetes_takes(chart: str, method: str) -> None:
    for one in installed(method, chart).objects:
        for version in ("1.25", kubernetes_validate.latest_version()):
            kubernetes_validate.validate(one, version, strict=True)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("chart", CHARTS)
def test_they_are_the_charts_objects(chart: str, method: str) -> None:
    values: dict[str, Any] = {} if chart == "toolkit" else {"secrets": {"existingSecret": {"name": "any"}}}
    made = render(values, chart=chart, name=f"footfall-{chart}", namespace="footfall").objects
    found = [o for o in installed(method, chart).objects if o["kind"] != "Namespace"]
    names = sorted((o["kind"], o["metadata"]["name"]) for o in found)
    assert names == sorted((o["kind"], o["metadata"]["name"]) for o in made)
    assert "Helm" not in str(found)


@pytest.mark.parametrize("method", METHODS)
def test_telemetry_says_how_it_was_installed(method: str) -> None:
    toolkit = installed(method, "toolkit").environment()
    assert Settings.read(PRODUCT, toolkit).deployment_method == method
    assert installed(method, "collector").environment()["FOOTFALL_ANSWERS_DEPLOYMENT_METHOD"] == method


@pytest.mark.parametrize("method", METHODS)
def test_no_secret_is_committed(method: str) -> None:
    assert [o["kind"] for c in CHARTS for o in installed(method, c).objects if o["kind"] == "Secret"] == []


def built(folder: Path) -> Rendered:
    """What kustomize makes of a folder."""
    command = [str(KUSTOMIZE), "build", "--load-restrictor=LoadRestrictionsNone", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return Rendered([one for one in yaml.safe_load_all(done.stdout) if one], "")


@needs_kustomize
@pytest.mark.parametrize("chart", CHARTS)
def test_kustomize_builds_the_bases_into_one_namespace(chart: str) -> None:
    base = built(ROOT / "deploy/kustomize" / chart)
    assert {o["metadata"].get("namespace") for o in base.objects if not o["kind"].startswith("Cluster")} == {"footfall"}
    for one in base.objects:
        kubernetes_validate.validate(one, kubernetes_validate.latest_version(), strict=True)


def overlay(tmp_path: Path) -> Document:
    """The overlay that deploy/README.md shows, in the folder that it names, next to copies of the bases."""
    text = (ROOT / "deploy/README.md").read_text()
    (shown,) = [b.split("```")[0] for b in text.split("```yaml\n")[1:]]
    shutil.copytree(ROOT / "deploy/kustomize", tmp_path / "kustomize")
    assert "`overlay/kustomization.yaml`" in text
    (tmp_path / "overlay").mkdir()
    (tmp_path / "overlay/kustomization.yaml").write_text(shown)
    return dict(yaml.safe_load(shown))


@needs_kustomize
def test_the_overlay_of_the_readme_turns_telemetry_off_and_takes_its_right_away(tmp_path: Path) -> None:
    shown = overlay(tmp_path)
    mine = built(tmp_path / "overlay")
    assert decide_by_environment(PRODUCT, mine.environment()).mode == "off"
    assert mine.rules("-telemetry") == []
    assert mine.rules("-tools") != []
    assert mine.container["image"] == f"{shown['images'][0]['newName']}:2.2.0"
    subjects = {s["namespace"] for b in mine.of_kind("ClusterRoleBinding") for s in b["subjects"]}
    assert subjects == {shown["namespace"]}
    assert {d["metadata"]["namespace"] for d in mine.of_kind("Deployment")} == {shown["namespace"]}


@pytest.mark.parametrize("page", ["deploy/README.md", "docs/install.md"])
def test_what_is_applied_as_a_page_says_takes_every_image_from_ones_own_registry(page: str) -> None:
    (command,) = re.findall(r"^(sed 's#image: [^|]*) \|", (ROOT / page).read_text(), re.MULTILINE)
    done = subprocess.run(["bash", "-euc", command], cwd=ROOT, capture_output=True, text=True, check=True)
    images = {line.split()[-1] for line in done.stdout.splitlines() if line.strip().startswith("image: ")}
    assert images == {f"images.example.com/footfall/collector:{version_of('collector')}"}


@pytest.mark.parametrize("page", ["deploy/README.md", "docs/install.md"])
def test_the_images_that_a_page_builds_and_pushes_have_the_tags_that_the_charts_ask_for(page: str) -> None:
    text = (ROOT / page).read_text()
    built_tags = set(re.findall(r"--tag images\.example\.com/footfall/(\S+)", text))
    assert built_tags == set(re.findall(r"docker push images\.example\.com/footfall/(\S+)", text))
    assert built_tags <= {f"{chart}:{version_of(chart)}" for chart in CHARTS}
    assert f"collector:{version_of('collector')}" in built_tags


def version_of(chart: str) -> str:
    """The version of what a chart installs, which is the tag of its image."""
    described = yaml.safe_load((ROOT / "deploy/helm" / chart / "Chart.yaml").read_text())
    return str(described["appVersion"])
