"""Kubernetes' published schemas from the package kubernetes-validate: no network, strict about unknown fields."""

import re
from functools import lru_cache
from typing import Any

import kubernetes_validate.utils as published  # type: ignore[import-untyped] # it ships no types
import referencing
from jsonschema import Draft202012Validator
from mcp.server.mcpserver.exceptions import ToolError


class UnsupportedVersionError(ValueError):
    """There are no schemas for this Kubernetes version."""


def supported_versions() -> list[str]:
    """The Kubernetes versions with schemas, oldest first, such as `1.37`."""
    return list(dict.fromkeys(published.major_minor(v) for v in published.all_versions()))


def resolve_version(requested: str | None) -> str:
    """The version to validate against, by default the newest.

    Raises:
        ToolError: no schemas for it; the cause is an `UnsupportedVersionError`.
    """
    versions = supported_versions()
    if not requested:
        return versions[-1]
    match = re.match(r"v?(\d+\.\d+)", requested)
    if match is None or match[1] not in versions:
        message = f"No schemas for Kubernetes {requested[:20]!r}. There are some for {versions[0]} to {versions[-1]}."
        raise ToolError(message) from UnsupportedVersionError(message)
    return match[1]


@lru_cache(maxsize=64)
def validator(version: str, api_version: str, kind: str) -> Draft202012Validator | None:
    """A validator for one kind, or None if the schemas don't have it (a custom resource)."""
    # The names of the schemas' files omit the group's domain: rbac.authorization.k8s.io/v1 is rbac-v1.
    short = re.sub(r"^([^./]*)(?:\.[^/]*)?/", r"\1-", api_version)
    name = f"{kind.lower()}-{short}"
    if not re.fullmatch(r"[a-z0-9-]+", name) or not _is_builtin(api_version):
        return None
    try:
        schema = published.schema_contents(f"kubernetes-json-schema/{_directory(version)}/{name}.json", version)
    except FileNotFoundError:
        return None
    return Draft202012Validator(schema, registry=referencing.Resource.from_contents(schema) @ _definitions(version))


def _is_builtin(api_version: str) -> bool:
    """Whether the group has no domain or one of k8s.io; `apps.example.com/v1` is not `apps/v1`."""
    group = api_version.rpartition("/")[0]
    return "." not in group or group.endswith(".k8s.io")


def _directory(version: str) -> str:
    full = next(v for v in published.all_versions() if published.major_minor(v) == version)
    return f"v{full}-local-strict"


@lru_cache(maxsize=2)
def _definitions(version: str) -> "referencing.Registry[Any]":
    """The definitions that all schemas of a version share: 1.8 MB of JSON, read once."""
    contents = published.schema_contents(f"kubernetes-json-schema/{_directory(version)}/_definitions.json", version)
    return referencing.Resource.from_contents(contents) @ referencing.Registry()
