"""`describe`: one resource and what happened to it."""

from typing import Any

from ..cluster import Cluster
from ..failures import explained
from ..kinds import Kinds
from ..redact import shown
from .events import recent

_EVENTS = 20


def describe(cluster: Cluster, kinds: Kinds, kind: str, name: str, namespace: str) -> dict[str, Any]:
    """The resource without managed fields and without the data of secrets, and its newest events."""
    with explained():
        found = kinds.find(kind)
        resource = cluster.get(found.path(namespace, name))
        uid = resource.get("metadata", {}).get("uid", "")
        about = f"involvedObject.uid={uid}" if uid else f"involvedObject.name={name}"
        happened = recent(cluster, namespace if found.namespaced else None, about, _EVENTS)
    return {"resource": shown(resource), "events": happened}
