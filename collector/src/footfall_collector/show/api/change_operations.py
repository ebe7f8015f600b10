"""Operations that change something, for the OpenAPI document: those of `access`, and those on read-only links."""

from typing import Any

from ...access.changes import MAX_TEXT_LENGTH
from ...access.links import DEFAULT_DAYS, MAX_DAYS

Schema = dict[str, Any]
_SIGNED_IN = "for who signs in, or sends the sign-in secret; not with a token"
_TEXT: Schema = {"type": "string"}
_ANNOTATION = {"$ref": "#/components/schemas/Annotation"}
_ERROR = {"$ref": "#/components/schemas/ApiError"}
_NEW_ANNOTATION: Schema = {
    "type": "object",
    "required": ["text"],
    "properties": {
        "text": {"type": "string", "maxLength": MAX_TEXT_LENGTH},
        "at": {"type": "string", "description": "a UTC day or an RFC 3339 time; now without it"},
        "product": {"type": "string", "description": "all products without it"},
    },
    "additionalProperties": False,
}
_NEW_KEY: Schema = {
    "type": "object",
    "properties": {
        "product": {"type": "string", "description": "needed where there are several"},
        "key": {"type": "string", "description": "a new key is made without it"},
    },
    "additionalProperties": False,
}
_NEW_LINK: Schema = {
    "type": "object",
    "required": ["page"],
    "properties": {
        "page": {"type": "string", "description": "the name of the page that the link shows"},
        "query": {
            "type": "string",
            "description": "filters and period, as in the page's address",
        },
        "days": {"type": "integer", "minimum": 1, "maximum": MAX_DAYS, "default": DEFAULT_DAYS},
        "name": {"type": "string", "description": "by which it is listed and revoked; one is made without it"},
        "panel": {"type": "string", "description": "the panel to show in a frame; the whole page without it"},
        "password": {"type": "string", "description": "what readers enter first; none where it is empty"},
    },
    "additionalProperties": False,
}
_MADE_LINK: Schema = {"type": "object", "properties": dict.fromkeys(("name", "path", "query", "ends"), _TEXT)}
_LINK: Schema = {
    "type": "object",
    "properties": dict.fromkeys(("name", "product", "page", "panel", "query", "opened", "added", "ends"), _TEXT)
    | {name: {"type": "boolean"} for name in ("protected", "ended")},
}
_LINKS: Schema = {"type": "object", "properties": {"links": {"type": "array", "items": _LINK}}}
_KEY: Schema = {"type": "object", "properties": dict.fromkeys(("key", "product", "added", "state"), _TEXT)}
_KEYS: Schema = {"type": "object", "properties": {"keys": {"type": "array", "items": _KEY}}}


def with_changes(paths: dict[str, dict[str, Schema]]) -> dict[str, dict[str, Schema]]:
    """The operations of the document, and those that change something."""
    return paths | {path: paths.get(path, {}) | changes for path, changes in _changes().items()}


def _changes() -> dict[str, dict[str, Schema]]:
    """Path → method → operation."""
    return {
        "/api/annotations": {
            "post": _operation("add-annotation", "Add an annotation", 201, _ANNOTATION, body=_NEW_ANNOTATION),
            "delete": _operation("remove-annotation", "Remove an annotation", 204, parameter="id"),
        },
        "/api/keys": {
            "get": _operation("keys", "All write keys", 200, _KEYS),
            "post": _operation("add-key", "Add a write key", 201, _KEY, body=_NEW_KEY),
            "delete": _operation("revoke-key", "Revoke a write key", 200, _KEY, parameter="key"),
        },
        "/api/links": {
            "get": _operation("links", "All read-only links", 200, _LINKS, who=_SIGNED_IN),
            "post": _operation("make-link", "Make a read-only link", 201, _MADE_LINK, body=_NEW_LINK, who=_SIGNED_IN),
            "delete": _operation("revoke-link", "Revoke a read-only link", 204, parameter="name", who=_SIGNED_IN),
        },
    }


def _operation(
    name: str,
    summary: str,
    status: int,
    answer: Schema | None = None,
    body: Schema | None = None,
    parameter: str = "",
    who: str = "scope ingest-admin",
) -> Schema:
    done: Schema = {"description": "Done"}
    if answer is not None:
        done["content"] = {"application/json": {"schema": answer}}
    refused = {"content": {"application/json": {"schema": _ERROR}}}
    responses = {
        str(status): done,
        "401": {"description": "The collector asks for its sign-in secret, or a token of the scope ingest-admin"},
        "403": {"description": "The token may not do this, or the request comes from another site"},
    }
    operation: Schema = {"operationId": name, "summary": f"{summary} ({who})", "parameters": []}
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
        responses |= {
            "400": {"description": "The body or a name in it can't be used", **refused},
            "408": {"description": "The body took too long to arrive", **refused},
            "413": {"description": "The body is too large", **refused},
            "415": {"description": "The body is not application/json", **refused},
        }
    if parameter:
        responses["404"] = {"description": "There is no such name", **refused}
        operation["parameters"] = [{"name": parameter, "in": "query", "required": True, "schema": _TEXT}]
    return operation | {"responses": dict(sorted(responses.items()))}
