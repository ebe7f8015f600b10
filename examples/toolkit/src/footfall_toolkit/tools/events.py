"""`events`: recent events, newest first."""

from typing import Any

from ..cluster import Cluster
from ..failures import explain_failures

_PAGE = 500
"""The API does not sort events by time, so a page of this size is fetched, and the newest of it are returned."""


def events(cluster: Cluster, namespace: str | None, warnings_only: bool, limit: int) -> dict[str, Any]:
    """The newest events of a namespace, or of all of them."""
    with explain_failures():
        return {"events": recent_events(cluster, namespace, "type=Warning" if warnings_only else None, limit)}


def recent_events(
    cluster: Cluster, namespace: str | None, field_selector: str | None, limit: int
) -> list[dict[str, Any]]:
    """The newest events that match a field selector. Raises the exceptions of the Kubernetes client."""
    from ..kinds import Kind

    parameters = [("limit", str(_PAGE))]
    if field_selector:
        parameters.append(("fieldSelector", field_selector))
    answer = cluster.get(Kind("v1", "events", "Event", namespaced=True).path(namespace), parameters)
    newest = sorted(answer.get("items", ()), key=_time, reverse=True)
    return [_event(e) for e in newest[:limit]]


def _time(event: dict[str, Any]) -> str:
    """The time as RFC 3339 in UTC, which sorts as text. Different reporters set different fields."""
    created = event.get("metadata", {}).get("creationTimestamp")
    return event.get("lastTimestamp") or event.get("eventTime") or created or ""


def _event(event: dict[str, Any]) -> dict[str, Any]:
    about = event.get("involvedObject", {})
    return {
        "time": _time(event),
        "type": event.get("type"),
        "reason": event.get("reason"),
        "object": f"{about.get('kind')}/{about.get('name')}",
        "namespace": about.get("namespace"),
        "message": event.get("message"),
        "count": event.get("count") or event.get("series", {}).get("count") or 1,
    }
