"""Does the kubelet's part for a rendered pod: a container's environment and mounts, in a scratch directory."""

import base64
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.tests.charts import Document, Rendered

POD_IP = "10.1.2.3"
NAMESPACE = "tools"
PATIENCE = 30.0
"""Seconds that a process may take to start or to end before the test fails."""


@dataclass(frozen=True)
class Node:
    """A place where the containers of a rendered pod run: each volume is a directory below `home`."""

    rendered: Rendered
    home: Path
    pod_ip: str = POD_IP

    def __post_init__(self) -> None:
        for config in self.rendered.of_kind("ConfigMap"):
            (self.home / "config").mkdir(exist_ok=True)
            for name, text in config["data"].items():
                (self.home / "config" / name).write_text(text)

    def environment(self, container: Document) -> dict[str, str]:
        """A container's environment: references looked up, `$(NAME)` of what stands above filled in, paths mounted."""
        found: dict[str, str] = {}
        for entry in container["env"]:
            text = self._referred(entry["valueFrom"]) if "valueFrom" in entry else entry["value"]
            if "value" in entry:
                text = re.sub(r"\$\((\w+)\)", lambda m: found.get(m[1], m[0]), text)
            found[entry["name"]] = self._mounted(text, container)
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return {"PATH": path, "HOME": str(self.home), **found}

    def _referred(self, reference: dict[str, Any]) -> str:
        if "fieldRef" in reference:
            return {"status.podIP": self.pod_ip, "metadata.namespace": NAMESPACE}[reference["fieldRef"]["fieldPath"]]
        wanted = reference["secretKeyRef"]
        (secret,) = [s for s in self.rendered.of_kind("Secret") if s["metadata"]["name"] == wanted["name"]]
        return base64.b64decode(secret["data"][wanted["key"]]).decode()

    def _mounted(self, text: str, container: Document) -> str:
        at = {mount["mountPath"]: self.home / mount["name"] for mount in container["volumeMounts"]}
        for directory in at.values():
            directory.mkdir(exist_ok=True)
        # Once: the scratch directory may itself lie below a path that a container mounts.
        return re.sub(rf"^({'|'.join(map(re.escape, at))})(?=/|$)", lambda m: str(at[m[1]]), text)

    def run(self, container: Document) -> subprocess.CompletedProcess[str]:
        """Run a container that ends by itself."""
        command = [*container["command"], *container["args"]]
        env = self.environment(container)
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=PATIENCE * 2, check=False)

    @contextmanager
    def running(self, container: Document, **other: str) -> Iterator[str]:
        """A collector's container while the block runs; gives its address. Only the port is another than rendered."""
        process = subprocess.Popen(
            [*container["command"], *container["args"]],
            env=self.environment(container) | {"FOOTFALL_PORT": "0"} | other,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        said = ""
        try:
            for line in process.stdout:
                said += line
                if address := re.search(r"listening on http://\S+:(\d+)", said):
                    yield f"http://127.0.0.1:{address[1]}"
                    break
            else:
                raise AssertionError(f"it ended and said: {said}")
            process.terminate()
            assert process.wait(PATIENCE) == 0
        finally:
            if process.poll() is None:
                process.kill()
                process.wait(PATIENCE)
            process.stdout.close()
