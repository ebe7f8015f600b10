"""Renders a chart with Helm's own code, and looks up objects in the result."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import helm_python
import yaml

CHARTS = Path(__file__).resolve().parents[1] / "helm"
Document = dict[str, Any]


@dataclass(frozen=True)
class Rendered:
    """What a chart renders to: its Kubernetes objects and the notes that an install prints."""

    objects: list[Document]
    notes: str

    def of_kind(self, kind: str) -> list[Document]:
        """The objects of a kind, in order."""
        return [o for o in self.objects if o["kind"] == kind]

    def one(self, kind: str) -> Document:
        """The one object of a kind."""
        (found,) = self.of_kind(kind)
        return found

    @property
    def pod(self) -> Document:
        """The pod's spec."""
        (workload,) = self.of_kind("Deployment") + self.of_kind("StatefulSet")
        spec: Document = workload["spec"]["template"]["spec"]
        return spec

    @property
    def container(self) -> Document:
        """The one container of the pod."""
        (found,) = self.pod["containers"]
        return dict(found)

    @property
    def env(self) -> list[Document]:
        """The container's environment as Kubernetes gets it."""
        return list(self.container["env"])

    def environment(self) -> dict[str, str]:
        """The container's environment as the process gets it; what the cluster would look up is left out."""
        return {e["name"]: e["value"] for e in self.env if "value" in e}

    def rules(self, suffix: str) -> list[Document]:
        """The rules of the cluster role whose name ends with `suffix`; none where there is no such role."""
        return [
            r
            for role in self.of_kind("ClusterRole")
            if role["metadata"]["name"].endswith(suffix)
            for r in role["rules"]
        ]


def render(
    values: Document | None = None,
    *,
    chart: str = "toolkit",
    name: str = "demo",
    namespace: str = "tools",
    cluster: helm_python.Config | None = None,
) -> Rendered:
    """Render a chart, after the same check against its schema that an install makes.

    With a `cluster` the chart finds what is there, as in an install; else it finds nothing.

    Raises:
        helm_python.HelmError: the schema or a template refuses the values.
    """
    with helm_python.Chart.load(CHARTS / chart) as loaded:
        loaded.validate_schema(loaded.merge_values(values))
        if cluster is None:
            files = loaded.render(values, name=name, namespace=namespace)
        else:
            files = cluster.render(loaded, values, name=name, namespace=namespace)
    notes = files.pop(f"{chart}/templates/NOTES.txt")
    return Rendered([o for path in sorted(files) for o in _objects(files[path])], notes)


def _objects(text: str) -> Iterator[Document]:
    return (o for o in yaml.safe_load_all(text) if o is not None)
