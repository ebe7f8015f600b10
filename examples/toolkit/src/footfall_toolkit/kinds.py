"""Finds the API path of a kind by any of its names: `po`, `Deployment`, `certificates.cert-manager.io`."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from .cluster import Cluster

_DOT_NAMES = frozenset({".", ".."})


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
        """The path of the list or of one resource; names are quoted, so that they can't add path segments.

        Raises:
            ValueError: the name is `.` or `..`, which would change the path.
        """
        if namespace in _DOT_NAMES or name in _DOT_NAMES:
            raise ValueError("'.' and '..' are no names of resources")
        root = "/apis/" if "/" in self.api_version else "/api/"
        parts = [root + self.api_version]
        if self.namespaced and namespace:
            parts += ["namespaces", quote(namespace, safe="")]
        parts.append(self.plural)
        if name:
            parts.append(quote(name, safe=""))
        return "/".join(parts)


_BUILT_IN = (
    # Frequent kinds, found without discovery: short name, kind.
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
_BY_NAME = {name: kind for short, kind in _BUILT_IN for name in (short, kind.plural, kind.kind.lower())}


class Kinds:
    """Looks kinds up in the table, and discovers others in the cluster, once each."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._discovered: dict[str, Kind] = {}

    def find(self, text: str) -> Kind:
        """The kind for a kind, plural, singular or short name, optionally followed by `.group`.

        Raises:
            UnknownKindError: the cluster serves no such kind.
        """
        key = text.strip().lower()
        kind = _BY_NAME.get(key) or self._discovered.get(key)
        if kind is None:
            kind = self._discovered[key] = self._discover(key)
        return kind

    def _discover(self, key: str) -> Kind:
        name, _, group = key.partition(".")
        for api_version in self._api_versions(group):
            root = "/apis/" if "/" in api_version else "/api/"
            for resource in self._cluster.get(root + api_version).get("resources", ()):
                if "/" not in resource["name"] and name in _names(resource):
                    return Kind(api_version, resource["name"], resource["kind"], bool(resource["namespaced"]))
        raise UnknownKindError(f"The cluster serves no kind {key!r}. Use a kind, a plural or `plural.group`.")

    def _api_versions(self, group: str) -> list[str]:
        """The preferred version of every group, core first; of `group` only, if it is given."""
        groups = self._cluster.get("/apis").get("groups", ())
        preferred = {g["name"]: g["preferredVersion"]["groupVersion"] for g in groups}
        if group:
            return [preferred[group]] if group in preferred else []
        return ["v1", *preferred.values()]


def _names(resource: dict[str, Any]) -> set[str]:
    names = {resource["name"], resource["kind"], resource.get("singularName", ""), *resource.get("shortNames", ())}
    return {n.lower() for n in names if n}
