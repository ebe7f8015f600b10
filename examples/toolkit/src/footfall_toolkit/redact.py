"""What a resource shows of itself: everything but the data of secrets and the noise of managed fields."""

from typing import Any

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def shown(resource: dict[str, Any]) -> dict[str, Any]:
    """A copy without managed fields; of a Secret the keys remain and the values are named by their length only.

    The last-applied annotation repeats the whole resource, a Secret's data in clear included, so it goes too.
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
