"""The images' Dockerfiles are linted, pinned and not root; their steps run in a scratch directory."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from deploy.tests.charts import render
from deploy.tests.dockerfiles import IMAGES, NAMES, Dockerfile
from deploy.tests.kubelet import Node
from scripts.release.image_steps import ROOT, StepError, instructions, run_steps, variables

PIN = re.compile(r"^([a-z0-9][a-z0-9_.-]*)==(\S+)(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
BUILT = ("collector", "toolkit") if "SOAK" in os.environ else ("collector",)


def test_the_linter_has_nothing_to_say() -> None:
    linter = Path(sys.executable).parent / "hadolint"
    files = [str(IMAGES / f"{name}.Dockerfile") for name in NAMES]
    done = subprocess.run([linter, *files], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("pins", ["build.txt", "collector.txt", "toolkit.txt"])
def test_what_an_image_installs_is_pinned_by_hash_and_as_everywhere_else(pins: str) -> None:
    everywhere = {name: version for name, version, _ in PIN.findall((ROOT / "requirements.txt").read_text())}
    found = PIN.findall((IMAGES / pins).read_text())
    assert found
    for name, version, rest in found:
        assert "--hash=sha256:" in rest, name
        assert pins == "build.txt" or everywhere[name] == version, name


def test_what_builds_the_wheels_is_what_the_packages_ask_for() -> None:
    asked = {
        re.findall(r"hatchling==\S+?(?=\")", (ROOT / path / "pyproject.toml").read_text())[0]
        for path in ("client", "collector", "examples/toolkit")
    }
    (pinned,) = re.findall(r"^hatchling==\S+", (IMAGES / "build.txt").read_text(), re.MULTILINE)
    assert asked == {pinned}


@pytest.mark.parametrize("name", NAMES)
def test_an_image_is_not_root_and_agrees_with_its_chart(name: str) -> None:
    image, rendered = Dockerfile.of(name), render(chart=name)
    user = rendered.pod["securityContext"]["runAsUser"]
    assert image.one("USER") == f"{user}:{user}"
    assert [*rendered.container["command"], *rendered.container["args"]] == image.command
    assert image.one("EXPOSE") == str(rendered.container["ports"][0]["containerPort"])
    assert rendered.container["image"].split(":")[0] == f"footfall/{name}"
    data = {m["mountPath"] for m in rendered.container["volumeMounts"]}
    assert image.one("VOLUME") in data


def test_each_fetched_thing_has_a_hash_and_both_stages_have_one_base() -> None:
    for name in NAMES:
        steps = instructions((IMAGES / f"{name}.Dockerfile").read_text())
        installs = [part for step, rest in steps if step == "RUN" for part in rest.split("&&") if "pip install" in part]
        assert all("--require-hashes" in part or "--no-index" in part for part in installs)
        assert {rest.split()[0] for step, rest in steps if step == "FROM"} == {"python:${PYTHON}"}


def test_a_step_that_fails_or_is_not_understood_is_an_error(tmp_path: Path) -> None:
    for number, text in enumerate(
        ("FROM x\nRUN false\n", "FROM x\nONBUILD RUN true\n", "FROM x\nCOPY Makefile /src/\n")
    ):
        file = tmp_path / f"{number}.Dockerfile"
        file.write_text(text)
        with pytest.raises(StepError):
            run_steps(file, tmp_path / "root")


@pytest.mark.timeout(1500)
@pytest.mark.skipif(not {"CI", "SOAK"} & set(os.environ), reason="a minute of installing: in CI and `make soak`")
@pytest.mark.parametrize("name", BUILT)
def test_the_steps_work_and_what_they_install_starts_in_the_charts_pod(name: str, tmp_path: Path) -> None:
    image = run_steps(IMAGES / f"{name}.Dockerfile", tmp_path / "root")
    materials = json.loads((image.place / "opt/footfall/sbom.cdx.json").read_text())
    pinned = {found for found, *_ in PIN.findall((IMAGES / f"{name}.txt").read_text())}
    listed = {canonicalize_name(component["name"]) for component in materials["components"]}
    assert materials["metadata"]["component"]["name"] == f"footfall-{name}"
    assert "footfall" in listed
    # Some pins are for other systems.
    assert listed - {"footfall"} <= pinned
    assert not list((image.place / "opt/footfall/bin").glob("pip*"))
    if name == "toolkit":
        command = [*image.command[:1], "--help"]
        subprocess.run(command, env=variables(image), capture_output=True, timeout=60, check=True)
        return
    (tmp_path / "node").mkdir()
    node = Node(render(chart=name), tmp_path / "node")
    with node.running(node.rendered.container, PATH=variables(image)["PATH"]) as address:
        probe = Dockerfile.of(name).one("HEALTHCHECK").partition("CMD ")[2].replace("http://127.0.0.1:8765", address)
        subprocess.run(json.loads(probe), env=variables(image), timeout=60, check=True)
