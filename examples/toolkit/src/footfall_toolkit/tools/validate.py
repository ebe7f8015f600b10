"""`validate_manifest`: reports the wrong fields of a manifest, with their lines. It needs no cluster."""

from collections.abc import Iterator
from typing import Any

from jsonschema.exceptions import ValidationError

from ..documents import Document, ManifestError, parse_documents
from ..schemas import resolve_version, validator

_MAX_PROBLEMS = 20
_MAX_MESSAGE = 300

Problem = dict[str, Any]


def validate_manifest(manifest: str, kubernetes_version: str | None) -> dict[str, Any]:
    """Check every document of a YAML text against Kubernetes' schemas, which allow no unknown fields.

    An invalid manifest is a result, not a failure of the tool. `valid` is false if a document has problems. A kind
    without a schema (a custom resource) is listed with `checked: false`.
    """
    version = resolve_version(kubernetes_version)
    try:
        documents = parse_documents(manifest)
    except ManifestError as error:
        problem: Problem = {"line": error.line, "field": "", "problem": str(error)}
        return {"valid": False, "kubernetes_version": version, "documents": [], "problems": [problem]}
    checked = [_check(number, document, version) for number, document in enumerate(documents, 1)]
    problems = [] if checked else [{"line": 1, "field": "", "problem": "The manifest is empty"}]
    return {
        "valid": not problems and not any(d["problems"] for d in checked),
        "kubernetes_version": version,
        "documents": checked,
        "problems": problems,
    }


def _check(number: int, document: Document, version: str) -> dict[str, Any]:
    value = document.value if isinstance(document.value, dict) else {}
    kind, api_version = value.get("kind"), value.get("apiVersion")
    problems = [_problem(line, key, f"{key!r} is given twice") for key, line in document.duplicates()]
    checker = None
    if not isinstance(kind, str) or not isinstance(api_version, str):
        missing = "kind" if not isinstance(kind, str) else "apiVersion"
        problems.append(_problem(document.line, missing, "Every document needs apiVersion and kind, both texts"))
    else:
        checker = validator(version, api_version, kind)
    if checker is not None:
        for error in checker.iter_errors(document.value):
            problems.extend(_problems(document, error))
    problems.sort(key=lambda p: p["line"])
    return {
        "document": number,
        "kind": kind if isinstance(kind, str) else None,
        "api_version": api_version if isinstance(api_version, str) else None,
        "checked": checker is not None,
        "problems": problems[:_MAX_PROBLEMS],
    }


def _problems(document: Document, error: ValidationError) -> Iterator[Problem]:
    path = list(error.absolute_path)
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        allowed = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
        for key in error.instance:
            if key not in allowed:
                unknown = [*path, key]
                yield _problem(document.line_of(unknown), _field(unknown), "There is no such field")
        return
    yield _problem(document.line_of(path), _field(path), error.message)


def _problem(line: int, field: str, message: str) -> Problem:
    return {"line": line, "field": field, "problem": message[:_MAX_MESSAGE]}


def _field(path: list[str | int]) -> str:
    """A path in kubectl's notation: `spec.containers[0].image`."""
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")
