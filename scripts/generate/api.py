"""The reference of the API, from the same OpenAPI document that the collector serves."""

import re
from dataclasses import dataclass
from typing import Any

_NAMED = re.compile(r"#/components/schemas/(\w+)")


@dataclass(frozen=True)
class Line:
    """A parameter or a field: its name, what its values are, and what it is about."""

    name: str
    values: str
    meaning: str = ""


@dataclass(frozen=True)
class Path:
    """One path: what it answers, and how. `method` is empty for GET, `forms` are media types besides JSON."""

    method: str
    path: str
    summary: str
    names: tuple[str, ...]
    filtered: bool
    answer: str
    forms: tuple[str, ...]
    statuses: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """One named object that answers are made of."""

    name: str
    meaning: str
    fields: tuple[Line, ...]


def api(document: dict[str, Any]) -> dict[str, Any]:
    """What the page is made of: its paths, filters, status codes and answers."""
    operations = {path: methods["get"] for path, methods in document["paths"].items()}
    every = [(name, path, one) for path, methods in document["paths"].items() for name, one in methods.items()]
    # A question's parameters come before the filters, which other paths take alone.
    filters = _parameters(operations["/api/report"])
    questions = [line for line in _parameters(operations["/api/ask"]) if line not in filters]
    statuses: dict[str, str] = {}
    for _, _, operation in every:
        statuses = {code: answer["description"] for code, answer in operation["responses"].items()} | statuses
    return {
        "about": document["info"]["description"],
        "paths": [_path("" if name == "get" else f"{name.upper()} ", path, one) for name, path, one in every],
        "asked": questions,
        "filters": filters,
        "statuses": sorted(statuses.items()),
        "answers": [_answer(name, schema) for name, schema in sorted(document["components"]["schemas"].items())],
    }


def _parameters(operation: dict[str, Any]) -> list[Line]:
    return [
        Line(parameter["name"], _values(parameter["schema"]), parameter["description"])
        for parameter in operation["parameters"]
        if parameter["in"] == "query"
    ]


def _path(method: str, path: str, operation: dict[str, Any]) -> Path:
    named = [p["schema"]["enum"] for p in operation["parameters"] if p["in"] == "path"]
    content = next(answer for code, answer in operation["responses"].items() if code < "300").get("content", {})
    return Path(
        method,
        path,
        operation["summary"],
        # Each chart's name comes again with the ends of its files.
        tuple(name for names in named for name in names if "." not in name),
        any(p["name"] == "range" for p in operation["parameters"]),
        _values(content["application/json"]["schema"]) if "application/json" in content else " or ".join(content),
        tuple(media.partition(";")[0] for media in content if media != "application/json" and named),
        tuple(operation["responses"]),
    )


def _answer(name: str, schema: dict[str, Any]) -> Answer:
    said, _, about = str(schema.get("description", "")).partition("Attributes:")
    meanings = {
        field: " ".join(text.split())
        for field, text in re.findall(r"^\s+(\w+): (.+(?:\n {12}.+)*)", about, re.MULTILINE)
    }
    needed = schema.get("required", ())
    fields = tuple(
        Line(field, _values(values) + ("" if field in needed else ", or absent"), meanings.get(field, ""))
        for field, values in schema["properties"].items()
    )
    return Answer(name, " ".join(said.split()), fields)


def _values(schema: dict[str, Any]) -> str:
    """What values a schema admits, in a phrase."""
    if "$ref" in schema:
        name = _NAMED.findall(schema["$ref"])[0]
        return f"[{name}](#{name.lower()})"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"] if value not in ("", None))
    if "anyOf" in schema:
        return " or ".join(_values(one) for one in schema["anyOf"])
    kind = schema.get("type", "anything")
    if isinstance(kind, list):
        return " or ".join(kind)
    if kind == "array":
        return f"list of {_values(schema.get('items', {}))}"
    if kind == "object" and schema.get("properties"):
        return "object with " + ", ".join(f"`{name}`" for name in schema["properties"])
    if "maxLength" in schema:
        return f"text of at most {schema['maxLength']} characters"
    said = str(schema.get("format", kind))
    return {"string": "text", "date-time": "moment"}.get(said, said)
