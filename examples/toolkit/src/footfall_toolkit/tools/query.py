"""`query`: resources of one kind, as `kubectl get` shows them."""

from typing import Any

from ..cluster import TABLE, Cluster
from ..failures import explain_failures
from ..kinds import Kinds


def query(
    cluster: Cluster,
    kinds: Kinds,
    kind: str,
    namespace: str | None,
    label_selector: str | None,
    limit: int,
    continue_token: str | None,
) -> dict[str, Any]:
    """At most `limit` rows of the table that the API server renders. `continue_token` is null on the last page."""
    with explain_failures():
        resolved = kinds.find(kind)
        parameters = [("limit", str(limit)), ("includeObject", "Metadata")]
        if label_selector:
            parameters.append(("labelSelector", label_selector))
        if continue_token:
            parameters.append(("continue", continue_token))
        table = cluster.get(resolved.path(namespace), parameters, TABLE)
    metadata = table.get("metadata", {})
    return {
        "kind": resolved.kind,
        "api_version": resolved.api_version,
        "items": [_row(row, _columns(table)) for row in table.get("rows", ())],
        "continue_token": metadata.get("continue") or None,
        "remaining": metadata.get("remainingItemCount", 0),
    }


def _columns(table: dict[str, Any]) -> list[tuple[int, str]]:
    """Positions and names of the columns that `kubectl get` shows by default (priority 0)."""
    definitions = table.get("columnDefinitions", ())
    return [(i, d["name"].lower()) for i, d in enumerate(definitions) if not d.get("priority")]


def _row(row: dict[str, Any], columns: list[tuple[int, str]]) -> dict[str, Any]:
    cells = {name: row["cells"][i] for i, name in columns if i < len(row["cells"])}
    namespace = row.get("object", {}).get("metadata", {}).get("namespace")
    return {"namespace": namespace, **cells} if namespace else cells
