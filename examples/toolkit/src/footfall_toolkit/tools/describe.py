"""`describe`: one resource and its recent events."""

from typing import Any

from ..cluster import Cluster
from ..failures import explain_failures
from ..kinds import Kinds
from ..redact import redact
from .events import recent_events

_MAX_EVENTS = 20


def describe(cluster: Cluster, kinds: Kinds, kind: str, name: str, namespace: str) -> dict[str, Any]:
    """The resource without managed fields and without the data of secrets, and its newest events."""
    with explain_failures():
        resolved = kinds.find(kind)
        resource = cluster.get(resolved.path(namespace, name))
        uid = resource.get("metadata", {}).get("uid", "")
        selector = f"involvedObject.uid={uid}" if uid else f"involvedObject.name={name}"
        events = recent_events(cluster, namespace if resolved.namespaced else None, selector, _MAX_EVENTS)
    return {"resource": redact(resource), "events": events}
