"""Removes the data of secrets and the managed fields from a resource."""

from typing import Any

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def redact(resource: dict[str, Any]) -> dict[str, Any]:
    """A copy without managed fields. A Secret keeps its keys, and only the length of each value.

    The last-applied annotation is removed too: it repeats the whole resource, with a Secret's data in clear.
    """
    metadata = {k: v for k, v in resource.get("metadata", {}).items() if k != "managedFields"}
    if "annotations" in metadata:
        metadata["annotations"] = {k: v for k, v in metadata["annotations"].items() if k != _LAST_APPLIED}
    copy = {**resource, "metadata": metadata}
    if resource.get("kind") == "Secret":
        for field in ("data", "stringData"):
            if isinstance(copy.get(field), dict):
                copy[field] = {k: f"(redacted, {len(str(v))} characters)" for k, v in copy[field].items()}
    return copy
