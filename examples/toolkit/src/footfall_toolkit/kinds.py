"""From what a person calls a kind (`po`, `Deployment`, `certificates.cert-manager.io`) to its address in the API."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from .cluster import Cluster

_CLIMBERS = frozenset({".", ".."})


class UnknownKindError(ValueError):
    """The cluster serves no such kind."""


@dataclass(frozen=True)
class Kind:
    """A kind that the API serves: `api_version` such as `apps/v1`, `plural` such as `deployments`."""

    api_version: str
    plural: str
    kind: str
    namespaced: bool

    def path(self, namespace: str | None = None, name: str | None = None) -> str:
        """The path of the list or of one resource; names are quoted, so that they can't leave their place.

        Raises:
            ValueError: a name of dots, which would climb.
        """
        if namespace in _CLIMBERS or name in _CLIMBERS:
            raise ValueError("'.' and '..' are no names of resources")
        root = "/apis/" if "/" in self.api_version else "/api/"
        parts = [root + self.api_version]
        if self.namespaced and namespace:
            parts += ["namespaces", quote(namespace, safe="")]
        parts.append(self.plural)
        if name:
            parts.append(quote(name, safe=""))
        return "/".join(parts)


_COMMON = (
    # Kinds everyone asks for, found without discovery: short name, kind.
    ("po", Kind("v1", "pods", "Pod", True)),
    ("svc", Kind("v1", "services", "Service", True)),
    ("ns", Kind("v1", "namespaces", "Namespace", False)),
    ("no", Kind("v1", "nodes", "Node", False)),
    ("cm", Kind("v1", "configmaps", "ConfigMap", True)),
    ("secret", Kind("v1", "secrets", "Secret", True)),
    ("sa", Kind("v1", "serviceaccounts", "ServiceAccount", True)),
    ("pvc", Kind("v1", "persistentvolumeclaims", "PersistentVolumeClaim", True)),
    ("pv", Kind("v1", "persistentvolumes", "PersistentVolume", False)),
    ("deploy", Kind("apps/v1", "deployments", "Deployment", True)),
    ("sts", Kind("apps/v1", "statefulsets", "StatefulSet", True)),
    ("ds", Kind("apps/v1", "daemonsets", "DaemonSet", True)),
    ("rs", Kind("apps/v1", "replicasets", "ReplicaSet", True)),
    ("job", Kind("batch/v1", "jobs", "Job", True)),
    ("cj", Kind("batch/v1", "cronjobs", "CronJob", True)),
    ("ing", Kind("networking.k8s.io/v1", "ingresses", "Ingress", True)),
    ("netpol", Kind("networking.k8s.io/v1", "networkpolicies", "NetworkPolicy", True)),
    ("hpa", Kind("autoscaling/v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", True)),
    ("pdb", Kind("policy/v1", "poddisruptionbudgets", "PodDisruptionBudget", True)),
    ("sc", Kind("storage.k8s.io/v1", "storageclasses", "StorageClass", False)),
)
_BY_NAME = {name: kind for short, kind in _COMMON for name in (short, kind.plural, kind.kind.lower())}


class Kinds:
    """Looks kinds up; what the table does not know is asked of the cluster once and remembered."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._found: dict[str, Kind] = {}

    def find(self, text: str) -> Kind:
        """The kind for a kind, plural, singular or short name, optionally followed by `.group`.

        Raises:
            UnknownKindError: the cluster serves no such kind.
        """
        wanted = text.strip().lower()
        known = _BY_NAME.get(wanted) or self._found.get(wanted)
        if known is None:
            known = self._discover(wanted)
            self._found[wanted] = known
        return known

    def _discover(self, wanted: str) -> Kind:
        name, _, group = wanted.partition(".")
        for api_version in self._api_versions(group):
            root = "/apis/" if "/" in api_version else "/api/"
            for resource in self._cluster.get(root + api_version).get("resources", ()):
                if "/" not in resource["name"] and name in _names(resource):
                    return Kind(api_version, resource["name"], resource["kind"], bool(resource["namespaced"]))
        raise UnknownKindError(f"The cluster serves no kind {wanted!r}. Use a kind, a plural or `plural.group`.")

    def _api_versions(self, group: str) -> list[str]:
        """The preferred version of every group, core first; of one group only where it is named."""
        groups = self._cluster.get("/apis").get("groups", ())
        preferred = {g["name"]: g["preferredVersion"]["groupVersion"] for g in groups}
        if group:
            return [preferred[group]] if group in preferred else []
        return ["v1", *preferred.values()]


def _names(resource: dict[str, Any]) -> set[str]:
    names = {resource["name"], resource["kind"], resource.get("singularName", ""), *resource.get("shortNames", ())}
    return {n.lower() for n in names if n}
