"""The image and the chart of the page "Your own product": Helm renders the chart, and the image's steps run."""

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import helm_python
import kubernetes_validate
import pytest
import yaml
from mcp import Client

from deploy.tests.charts import Rendered, render
from footfall import Product
from footfall.settings import Settings, decide_by_environment
from scripts.release.image_steps import run_steps, variables
from tests.docs.pages import ROOT, blocks_of
from tests.support.capture_server import CaptureServer
from tests.support.waiting import wait_for

BLOCKS = list(blocks_of(ROOT / "docs/own-product.md"))
POST = Product("post", host="https://footfall.example.com", write_key="phc_post")


def write_files(place: Path) -> Path:
    """Every file of the page."""
    for block in BLOCKS:
        if "file" in block.how:
            path = place / block.how["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text)
    return place


def rendered(place: Path, **telemetry: Any) -> Rendered:
    with helm_python.Chart.load(write_files(place) / "chart") as chart:
        files = chart.render({"telemetry": telemetry}, name="letters", namespace="tools")
    objects = [one for path in sorted(files) for one in yaml.safe_load_all(files[path]) if one is not None]
    for one in objects:
        kubernetes_validate.validate(one, kubernetes_validate.latest_version(), strict=True)
    return Rendered(objects, "")


def test_the_chart_grants_the_one_permission_that_telemetry_needs(tmp_path: Path) -> None:
    chart = rendered(tmp_path)
    assert chart.rules("-telemetry") == [
        {"apiGroups": [""], "resources": ["namespaces"], "resourceNames": ["kube-system"], "verbs": ["get"]}
    ]
    (subject,) = chart.one("ClusterRoleBinding")["subjects"]
    assert subject == {"kind": "ServiceAccount", "name": chart.pod["serviceAccountName"], "namespace": "tools"}
    assert chart.one("ClusterRoleBinding")["roleRef"]["name"] == chart.one("ClusterRole")["metadata"]["name"]
    assert chart.one("ServiceAccount")["metadata"]["name"] == subject["name"]
    assert chart.pod["automountServiceAccountToken"] is True
    environment = chart.environment()
    assert decide_by_environment(POST, environment).mode == "on"
    assert (Settings.read(POST, environment).host, Settings.read(POST, environment).warnings) == (POST.host, ())
    own = rendered(tmp_path, host="https://posthog.example.com", key="phc_own").environment()
    assert (Settings.read(POST, own).host, Settings.read(POST, own).key) == ("https://posthog.example.com", "phc_own")


def test_with_telemetry_off_the_chart_grants_nothing(tmp_path: Path) -> None:
    chart = rendered(tmp_path, enabled=False)
    assert decide_by_environment(POST, chart.environment()).mode == "off"
    assert (chart.of_kind("ClusterRole"), chart.of_kind("ClusterRoleBinding")) == ([], [])
    assert chart.pod["automountServiceAccountToken"] is False


def test_the_collectors_chart_takes_the_catalogue(tmp_path: Path) -> None:
    (values,) = (block.text for block in BLOCKS if block.how.get("by") == "deploy/tests/test_own_product.py")
    (catalogue,) = (block.text for block in BLOCKS if block.how.get("file") == "post_events.py")
    chart = render({**yaml.safe_load(values), "catalogues": {"post_events.py": catalogue}}, chart="collector")
    files = chart.one("ConfigMap")["data"]
    assert files["post_events.py"].strip() == catalogue.strip()
    assert 'catalogue = "post_events.py"' in files["footfall.toml"]


def test_the_image_has_a_user_and_a_state_directory_and_the_linter_has_nothing_to_say(tmp_path: Path) -> None:
    dockerfile = write_files(tmp_path) / "Dockerfile"
    linter = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([linter, dockerfile], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    pod = rendered(tmp_path).pod
    assert f"USER {pod['securityContext']['runAsUser']}:{pod['securityContext']['fsGroup']}" in dockerfile.read_text()
    (mount,) = rendered(tmp_path).container["volumeMounts"]
    assert f"POST_TELEMETRY_STATE_DIR={mount['mountPath']}\n" in dockerfile.read_text()


@pytest.mark.timeout(600)
@pytest.mark.skipif("SOAK" not in os.environ, reason="minutes of installing: in `make soak`")
def test_the_images_steps_work_and_its_server_records_its_own_event(tmp_path: Path) -> None:
    context = write_files(tmp_path / "context")
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "build", "--wheel", "-q", "-o", tmp_path / "dist", ROOT / "client"], check=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")  # stands for the one of the package index
    wanted = (context / "requirements.txt").read_text()
    (context / "requirements.txt").write_text(wanted.replace("footfall\n", f"footfall @ file://{wheel}\n"))
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = context / "server.py"
    server.write_text(server.read_text().replace("port=8000", f"port={port}"))
    image = run_steps(context / "Dockerfile", tmp_path / "root", context)

    async def call() -> None:
        async with Client(f"http://127.0.0.1:{port}/mcp") as client:
            await client.call_tool("sort_letter", {"address": "Ada", "grams": 20})

    with CaptureServer() as capture:
        environment = {**variables(image), "POST_POSTHOG_HOST": capture.url, "POST_TELEMETRY_GRACE_SECONDS": "0"}
        program, *arguments = map(image.here, image.command)
        started = [str(image.place / "opt/venv/bin" / program), *arguments]
        with subprocess.Popen(started, env={**environment, "KUBECONFIG": os.devnull}) as process:
            wait_for(lambda: not socket.socket().connect_ex(("127.0.0.1", port)), "the server", 60)
            asyncio.run(call())
            process.terminate()
            assert process.wait(30) in (0, -15)
    assert capture.named("letter_sorted")[0]["properties"]["letter_size"] == "small"
    assert (image.place / "var/lib/footfall/product.json").is_file()
