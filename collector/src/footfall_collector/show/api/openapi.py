"""The OpenAPI document of `/api`: made from the charts, the filters and the classes that the answers are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from ...answer import CUSTOM, EXTRA, HOURS, INTERNAL, LONGEST, RANGES, Chart, ChartSpec
from ...runtime import __version__
from ..insight import Flag, Tile
from ..pages import PAGES

PATH = "/api/openapi.json"
FILES = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
"""The forms of a chart besides JSON: the end of its name, and its media type."""

Schema = dict[str, Any]
_REF = "#/components/schemas/{name}"
_MOMENT = r"^$|^\d{4}-\d\d-\d\d$|^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$"
_ABOUT = """What the dashboard shows, as JSON, CSV and Parquet. On loopback nothing is asked; elsewhere a token of
`footfall-collector tokens add`, or the sign-in secret, is sent as a bearer token.
A query that can't be used is answered with 400 and one plain sentence."""


@dataclass(frozen=True)
class Operation:
    """One path: what its GET answers. `named` are the values of `{name}`; `filtered`: it takes the filters."""

    summary: str
    schema: Schema
    filtered: bool = False
    named: tuple[str, ...] = ()
    files: bool = False


def document(products: Sequence[str], charts: Sequence[ChartSpec]) -> dict[str, Any]:
    """The document, for a collector of these products and charts."""
    found = operations(charts)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Footfall collector", "version": __version__, "description": _ABOUT},
        "paths": {path: {"get": _get(path, operation, products)} for path, operation in found.items()},
        "components": {
            "schemas": _components(),
            "securitySchemes": {"secret": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"secret": []}],
    }


def operations(charts: Sequence[ChartSpec]) -> dict[str, Operation]:
    """Every path below `/api`."""
    ids = tuple(spec.id for spec in charts)
    names = (*ids, *(f"{name}.{form}" for name in ids for form in FILES))
    pages = tuple(page.name for page in PAGES)
    return {
        "/api/charts": Operation("Every chart there is", _object(charts=_list(_ref("ChartSpec")))),
        "/api/charts/{name}": Operation("The rows of a chart", _ref("Chart"), True, names, files=True),
        "/api/pages/{name}": Operation("What a page says above its charts", _ref("Head"), True, pages),
        "/api/options": Operation("What the filters can be set to", _ref("Options"), True),
        "/api/releases": Operation("Every version against the one before it", _ref("Releases"), True),
        "/api/report": Operation("All answers of a period in one piece", _ref("Report"), True),
        "/api/health": Operation("The collector's own counters", _ref("Health")),
        "/api/pulse": Operation("A token that changes whenever something was loaded", _object(token=_TEXT)),
        PATH: Operation("This document", {"type": "object"}),
    }


def _get(path: str, operation: Operation, products: Sequence[str]) -> dict[str, Any]:
    parameters = _filters(products) if operation.filtered else []
    answers = {"200": _answer("The answer", operation.schema), "503": _error("The store can't answer")}
    if operation.files:
        answers["200"]["content"] |= {media: {"schema": {}} for media in FILES.values()}
    if operation.filtered:
        answers["400"] = _error("A filter can't be used")
    if operation.named:
        named = {"type": "string", "enum": list(operation.named)}
        parameters = [{"name": "name", "in": "path", "required": True, "schema": named}, *parameters]
        answers["404"] = _error("There is no such name")
    answers["401"] = {"description": "The collector asks for its sign-in secret"}
    answers["405"] = {"description": "Only GET and HEAD are answered"}
    name = path.removeprefix("/api/").replace("/{name}", "").removesuffix(".json")
    return {
        "operationId": f"{name}-by-name" if operation.named else name,
        "summary": operation.summary,
        "parameters": parameters,
        "responses": dict(sorted(answers.items())),
    }


def _answer(description: str, schema: Schema) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _error(description: str) -> dict[str, Any]:
    return _answer(description, _ref("Error"))


def _filters(products: Sequence[str]) -> list[dict[str, Any]]:
    """The parameters that `Filters.parse` takes. An empty one counts as not given."""
    ranges = ["", *HOURS, *RANGES, CUSTOM]
    text = {"type": "string", "maxLength": LONGEST}
    moment = {"type": "string", "pattern": _MOMENT}
    only_some = "where the chart's events carry it; `not_applied` of the answer names it otherwise"
    found = [
        _parameter("product", {"type": "string", "enum": ["", *products]}, "needed where there are several"),
        _parameter("range", {"type": "string", "enum": ranges}, f"`{CUSTOM}` needs `start` or `end`"),
        _parameter("start", moment, "a UTC day, or a moment; the first one included"),
        _parameter("end", moment, "a UTC day, included, or a moment, excluded"),
        _parameter("internal", {"type": "string", "enum": ["", *INTERNAL]}, "events of CI and tests"),
        _parameter("version", text, "of the product"),
        _parameter("provider", text, "AI provider"),
    ]
    return [*found, *(_parameter(name, text, only_some) for name in EXTRA)]


def _parameter(name: str, schema: Schema, description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "allowEmptyValue": True, "description": description, "schema": schema}


def _components() -> dict[str, Schema]:
    _, made = msgspec.json.schema_components((Chart, ChartSpec, Tile, Flag), ref_template=_REF)
    made["Chart"]["properties"]["rows"] = _ROWS
    return dict(made) | _ANSWERS


def _ref(name: str) -> Schema:
    return {"$ref": _REF.format(name=name)}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _object(optional: Mapping[str, Schema] | None = None, **properties: Schema) -> Schema:
    """An object with exactly these properties, besides `optional` ones."""
    return {
        "type": "object",
        "properties": properties | dict(optional or {}),
        "required": list(properties),
        "additionalProperties": False,
    }


_TEXT: Schema = {"type": "string"}
_NUMBER: Schema = {"type": "number"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_TRUTH: Schema = {"type": "boolean"}
_TIME: Schema = {"type": "string", "format": "date-time"}
_TEXTS = _list(_TEXT)
_CELL: Schema = {"type": ["string", "number", "boolean", "null"]}
_ROWS = _list(_list(_CELL))
_PERIOD = _object(start=_TIME, end=_TIME, before_start=_TIME, before_end=_TIME, step=_COUNT)
_MARK = _object(name=_TEXT, at=_TEXT)
_MAYBE_NUMBER: Schema = {"type": ["number", "null"]}
_MAYBE_TEXT: Schema = {"type": ["string", "null"]}
_RELEASE = _object(
    version=_TEXT,
    instances=_MAYBE_NUMBER,
    adoption=_MAYBE_NUMBER,
    calls=_COUNT,
    errors=_COUNT,
    error_rate=_MAYBE_NUMBER,
    low=_MAYBE_NUMBER,
    high=_MAYBE_NUMBER,
    p50_ms=_MAYBE_NUMBER,
    before=_MAYBE_TEXT,
    difference={},
    verdict=_TEXT,
    first_seen=_TEXT,
)
_REPORT_TABLE = _object(title=_TEXT, columns=_list(_object(name=_TEXT, unit=_TEXT)), rows=_ROWS)
_SECTION = _object(heading=_TEXT, answer=_TEXT, tables=_list(_REPORT_TABLE), notes=_TEXTS)
_FACT = _object(id=_TEXT, title=_TEXT, value=_CELL, unit=_TEXT, tone=_TEXT)
_TABLE = _object(id=_TEXT, title=_TEXT, columns=_TEXTS, rows=_ROWS, empty=_TEXT)
_ANSWERS: dict[str, Schema] = {
    "Error": _object(error=_TEXT),
    "Options": _object(products=_TEXTS, versions=_TEXTS, providers=_TEXTS),
    "Head": _object(
        {
            "empty": _TRUTH,
            "hidden_internal": _COUNT,
            "not_applied": _TEXTS,
            "period": _PERIOD,
            "releases": _list(_MARK),
            "tiles": _list(_ref("Tile")),
            "generated_at": _TIME,
        },
        answer=_TEXT,
    ),
    "Releases": _object(releases=_list(_RELEASE), regressions=_list(_ref("Flag")), note=_TEXT, not_applied=_TEXTS),
    "Report": _object(
        product=_TEXT,
        start=_TIME,
        end=_TIME,
        generated_at=_TIME,
        hidden_internal=_COUNT,
        empty=_TRUTH,
        answer=_TEXT,
        tiles=_list(_ref("Tile")),
        sections=_list(_SECTION),
    ),
    "Health": _object(facts=_list(_FACT), tables=_list(_TABLE)),
}
