"""The OpenAPI document of `/api`, from the charts, the filters and the structs of the answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from ...answer import (
    CUSTOM_RANGE,
    DAY_RANGES,
    EXTRA_FILTERS,
    HOUR_RANGES,
    INTERNAL_VALUES,
    MAX_CONDITIONS,
    MAX_VALUE_LENGTH,
    MEASURES,
    STEPS,
    Chart,
    ChartSpec,
    QuestionAnswer,
    SavedSegment,
    SegmentList,
)
from ...runtime import __version__
from ..explain import EXPLAINED_MEASURES, Comparison, Explanation, WeekChanges
from ..health import DataHealth, OtherValueList
from ..insight import ReleaseComparison, ShownAnnotations
from ..pages import PAGES, THING_KINDS, ChartPageHead, FilterOptions, HealthPageHead, ThingHead
from ..report import Report
from .answers import ApiError, ChartList, Pulse
from .change_operations import with_changes
from .segments import SEGMENTS_PATH, SegmentRename, SegmentToSave

PATH = "/api/openapi.json"
AGAINST, MEASURE = "against", "measure"
"""The parameters with the other version of a comparison, and with what is explained."""
THING = "thing"
"""The parameter with the name of the thing that a page is about."""
SIDES, WHERE = ("a", "b"), "where"
"""The parameters with the conditions of both sides of a comparison, and of all that is compared."""
FILES = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
"""The forms of a chart besides JSON: file extension → media type."""

Schema = dict[str, Any]
_STRUCTS = (
    Chart,
    ChartList,
    QuestionAnswer,
    ChartPageHead,
    HealthPageHead,
    ThingHead,
    FilterOptions,
    ReleaseComparison,
    Explanation,
    Comparison,
    WeekChanges,
    ShownAnnotations,
    Report,
    DataHealth,
    OtherValueList,
    SegmentList,
    Pulse,
    ApiError,
)
_BODIES = (SegmentToSave, SegmentRename)
_TEXT: Schema = {"type": "string", "maxLength": MAX_VALUE_LENGTH}
_SIDE = "conditions of one side of a comparison, or the name of a saved segment"
_WHERE: Schema = {"type": "array", "items": {"type": "string"}, "maxItems": MAX_CONDITIONS}
_REF = "#/components/schemas/{name}"
_MOMENT = r"^$|^\d{4}-\d\d-\d\d$|^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$"
_DESCRIPTION = """The numbers of the dashboard as JSON, CSV and Parquet. On loopback no sign-in is needed; elsewhere
send a token of `footfall-collector tokens add`, or the sign-in secret, as a bearer token.
A query that can't be used is answered with 400 and one plain sentence."""


@dataclass(frozen=True)
class Operation:
    """The GET of one path.

    Attributes:
        answers: the structs that it can answer with; empty for any object.
        filtered: whether it takes the filters.
        names: the values of `{name}` in the path.
        files: whether it answers with `FILES` too.
        explains: whether it takes `AGAINST` and `MEASURE` too.
        sides: whether it takes `SIDES` and `WHERE` too.
        media: the media type that it answers with instead of JSON, or empty.
        asks: whether it takes the parameters of a question.
        thing: whether it takes `THING` too.
    """

    summary: str
    answers: tuple[type, ...]
    filtered: bool = False
    names: tuple[str, ...] = ()
    files: bool = False
    explains: bool = False
    sides: bool = False
    media: str = ""
    asks: bool = False
    thing: bool = False


def document(products: Sequence[str], charts: Sequence[ChartSpec], root: str = "") -> dict[str, Any]:
    """The document for a collector with these products and charts; `root` is the base path of its addresses."""
    paths = {path: {"get": _get(path, operation, products)} for path, operation in operations(charts).items()}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Footfall collector", "version": __version__, "description": _DESCRIPTION},
        **({"servers": [{"url": root}]} if root else {}),
        "paths": with_changes(paths) | {SEGMENTS_PATH: _segments(products)},
        "components": {"schemas": _components(), "securitySchemes": {"secret": {"type": "http", "scheme": "bearer"}}},
        "security": [{}, {"secret": []}],
    }


def operations(charts: Sequence[ChartSpec]) -> dict[str, Operation]:
    """Every path below `/api`."""
    ids = tuple(spec.id for spec in charts)
    names = (*ids, *(f"{name}.{extension}" for name in ids for extension in FILES))
    return {
        "/api/charts": Operation("All charts", (ChartList,)),
        "/api/charts/{name}": Operation("The rows of a chart", (Chart,), True, names, files=True),
        "/api/ask": Operation("The answer to any question", (QuestionAnswer,), True, asks=True),
        **{
            f"/api/ask.{extension}": Operation(f"The same as {extension}", (), True, media=media, asks=True)
            for extension, media in FILES.items()
        },
        **_heads(),
        "/api/options": Operation("The values that the filters can have", (FilterOptions,), True),
        "/api/releases": Operation("Every version compared with the previous one", (ReleaseComparison,), True),
        "/api/explain": Operation(
            "What explains more errors, longer durations or more calls: than in the weeks before, or of two segments",
            (Explanation,),
            True,
            explains=True,
            sides=True,
        ),
        "/api/compare": Operation(
            "Each measure of two segments, or of the range and the weeks before, with difference and interval",
            (Comparison,),
            True,
            sides=True,
        ),
        "/api/week": Operation("What changed this week, in three sentences", (WeekChanges,), True),
        "/api/annotations": Operation("What happened: releases, and annotations", (ShownAnnotations,), True),
        "/api/report": Operation("All answers of a period", (Report,), True),
        "/api/health": Operation("The collector's own counters", (DataHealth,)),
        "/api/other": Operation("Values that are only known as `other`, with the line to add", (OtherValueList,)),
        "/api/pulse": Operation("A token that changes when events are loaded", (Pulse,)),
        PATH: Operation("This document", ()),
    }


def _heads() -> dict[str, Operation]:
    """What pages open with."""
    what, pages = "The answer, tiles and release marks of a page", tuple(page.name for page in PAGES)
    return {
        "/api/pages/{name}": Operation(what, (ChartPageHead, HealthPageHead), True, pages),
        "/api/things/{name}": Operation(f"{what} about one thing", (ThingHead,), True, (*THING_KINDS,), thing=True),
    }


def _get(path: str, operation: Operation, products: Sequence[str]) -> dict[str, Any]:
    parameters = [*(_QUESTION if operation.asks else ()), *(_filters(products) if operation.filtered else ())]
    if operation.thing:
        parameters.insert(0, _parameter(THING, _TEXT, "the thing's name: the value of the property"))
    if operation.explains:
        parameters.append(_parameter(MEASURE, {"type": "string", "enum": ["", *EXPLAINED_MEASURES]}, "what differs"))
        parameters.append(_parameter(AGAINST, _TEXT, "another version, with which `version` is compared"))
    if operation.sides:
        parameters += [_parameter(name, _WHERE, _SIDE) for name in SIDES]
        parameters.append(_parameter(WHERE, _WHERE, "conditions of everything that is compared"))
    busy = _error("The store can't answer, too many questions wait, or this one took too long")
    responses = {"200": _response("The answer", *operation.answers), "503": busy}
    if operation.files:
        responses["200"]["content"] |= {media_type: {"schema": {}} for media_type in FILES.values()}
    if operation.media:
        responses["200"]["content"] = {operation.media: {"schema": {}}}
    if operation.filtered:
        responses["400"] = _error("A filter can't be used")
    if operation.names:
        schema = {"type": "string", "enum": list(operation.names)}
        parameters = [{"name": "name", "in": "path", "required": True, "schema": schema}, *parameters]
        responses["404"] = _error("There is no such name")
    responses["401"] = {"description": "The collector asks for its sign-in secret"}
    responses["405"] = {"description": "Only GET and HEAD are answered"}
    name = path.removeprefix("/api/").replace("/{name}", "").removesuffix(".json")
    return {
        "operationId": f"{name}-by-name" if operation.names else name,
        "summary": operation.summary,
        "parameters": parameters,
        "responses": dict(sorted(responses.items())),
    }


def _segments(products: Sequence[str]) -> dict[str, Any]:
    """The operations on saved segments; those that change some need a session or the sign-in secret."""
    product = _parameter("product", {"type": "string", "enum": ["", *products]}, "needed for a change where several")
    name = _parameter("name", _TEXT, "the name of a saved segment") | {"required": True}
    changed = {
        "400": _error("It can't be saved, or a parameter can't be used"),
        "401": {"description": "The collector asks for its sign-in secret"},
        "403": {"description": "A token, or a page of another site, can't change saved segments"},
        "503": _error("The file of saved segments can't be written"),
    }
    bodies = {
        "413": _error("The body is too large"),
        "415": _error("The body is not application/json"),
        "409": _error("Another segment has this name"),
    }
    missing = {"404": _error("There is no saved segment of this name")}
    listed, saved = (_response("The answer", answer) for answer in (SegmentList, SavedSegment))

    def operation(id_: str, summary: str, parameters: list[Schema], responses: Schema) -> Schema:
        texts = {"operationId": id_, "summary": summary, "parameters": parameters}
        return texts | {"responses": dict(sorted(responses.items()))}

    list_responses = {name: changed[name] for name in ("400", "401", "503")} | {"200": listed}
    save = operation("save-segment", "Save a segment or a view", [product], changed | bodies | {"200": saved})
    rename = operation("rename-segment", "Rename", [product, name], changed | bodies | missing | {"200": saved})
    return {
        "get": operation("segments", "The saved segments and views", [product], list_responses),
        "post": save | {"requestBody": _request_body(SegmentToSave)},
        "patch": rename | {"requestBody": _request_body(SegmentRename)},
        "delete": operation("delete-segment", "Delete", [product, name], changed | missing | {"200": listed}),
    }


def _request_body(body: type) -> Schema:
    return {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": _REF.format(name=body.__name__)}}},
    }


def _response(description: str, *answers: type) -> dict[str, Any]:
    references = [{"$ref": _REF.format(name=answer.__name__)} for answer in answers]
    schema: Schema = {"anyOf": references} if len(references) > 1 else references[0] if references else _OBJECT
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _error(description: str) -> dict[str, Any]:
    return _response(description, ApiError)


def _filters(products: Sequence[str]) -> list[dict[str, Any]]:
    """The parameters that `Filters.parse` takes. An empty one counts as absent."""
    ranges = ["", *HOUR_RANGES, *DAY_RANGES, CUSTOM_RANGE]
    moment = {"type": "string", "pattern": _MOMENT}
    through = "of the events that carry it, or of the instances that do; `scope` of the answer says which"
    return [
        _parameter("product", {"type": "string", "enum": ["", *products]}, "needed where there are several"),
        _parameter("range", {"type": "string", "enum": ranges}, f"`{CUSTOM_RANGE}` needs `start` or `end`"),
        _parameter("start", moment, "a UTC day or a moment, included"),
        _parameter("end", moment, "a UTC day, included, or a moment, excluded"),
        _parameter("internal", {"type": "string", "enum": ["", *INTERNAL_VALUES]}, "events of CI and tests"),
        _parameter("version", _TEXT, "of the product"),
        _parameter("provider", _TEXT, "AI provider"),
        _parameter("segment", _TEXT, f"the name of a saved segment, whose conditions hold too; see `{SEGMENTS_PATH}`"),
        *(_parameter(name, _TEXT, through) for name in EXTRA_FILTERS),
        _parameter("where", _WHERE, "conditions on any property, all of which hold; see below"),
    ]


def _parameter(name: str, schema: Schema, description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "allowEmptyValue": True, "description": description, "schema": schema}


_QUESTION: list[Schema] = [
    _parameter(
        "measure",
        {"type": "string", "enum": ["", *MEASURES]},
        "; ".join(f"`{name}`: {meaning}" for name, meaning in MEASURES.items()),
    ),
    _parameter("event", _TEXT, "the event that is measured; events of any name without it"),
    _parameter("of", _TEXT, "the number of a percentile or the boolean of a rate, where the event has several"),
    _parameter("by", _TEXT, "the property whose values are rows; `event.property` where several events have it"),
    _parameter(
        "step",
        {"type": "string", "enum": [*STEPS]},
        "rows by day or week, or by hour or minute in ranges up to 48 hours",
    ),
]


def _components() -> dict[str, Schema]:
    """The schemas of all structs. Every answer has all fields of its schema and no other."""
    _, schemas = msgspec.json.schema_components((*_STRUCTS, *_BODIES), ref_template=_REF)
    sent = {body.__name__ for body in _BODIES}
    return {
        name: schema
        if name in sent
        else schema | {"required": list(schema["properties"]), "additionalProperties": False}
        for name, schema in sorted(schemas.items())
    }


_OBJECT: Schema = {"type": "object"}
