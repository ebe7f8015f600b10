"""A Helm chart's `values.yaml`, read with its comments: the JSON Schema and the table of values both come from it.

Each value stands under a comment block with a line `# -- what it is` (as helm-docs has it; it may go on in the next
lines) and, where the default says too little, a line `# @schema {…}` that is merged into the inferred schema. What
stands before the first or below an empty comment line is for readers of the file only.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from footfall.cli.guide import cell
from scripts.generate.settings.schema import setting_schema

_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}

_ENV_DEFS = {
    "envText": {"type": ["string", "boolean", "number", "null"]},
    "envEntry": {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_.-]*$"},
            "value": {"$ref": "#/$defs/envText"},
            "valueFrom": {"type": "object"},
        },
        "additionalProperties": False,
        "not": {"required": ["value", "valueFrom"]},
    },
    "envMapValue": {
        "anyOf": [
            {"$ref": "#/$defs/envText"},
            {
                "type": "object",
                "required": ["valueFrom"],
                "properties": {"valueFrom": {"type": "object"}},
                "additionalProperties": False,
            },
        ]
    },
}
"""What an `extraEnv` may hold, in both of its shapes; charts refer to it from `# @schema`."""

_NAME_DEFS = {
    "productName": {"type": "string", "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$"},
    "hostname": {
        "type": "string",
        "pattern": "^(\\*\\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
    },
}
"""Names that several values hold."""


@dataclass
class Value:
    """One value of a chart: its default, what it is, and either its parts or what to add to its schema."""

    default: Any
    meaning: str = ""
    extra: dict[str, Any] = field(default_factory=dict)
    parts: dict[str, "Value"] = field(default_factory=dict)


def read_values(text: str) -> dict[str, Value]:
    """The tree of values of a `values.yaml`.

    Raises:
        ValueError: a value has neither a comment nor parts that have; the message gives its line.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    return {} if root is None else _parts(root, yaml.safe_load(text), text.splitlines())


def _parts(node: yaml.Node, defaults: dict[str, Any], lines: list[str]) -> dict[str, Value]:
    return {key.value: _value(key, value, defaults[key.value], lines) for key, value in node.value}


def _value(key: yaml.Node, node: yaml.Node, default: Any, lines: list[str]) -> Value:
    line = key.start_mark.line
    meaning, extra = _comment(lines, line)
    if meaning:
        return Value(default, meaning, extra)
    if not isinstance(default, dict) or not default:
        raise ValueError(f"line {line + 1}: {key.value} needs a comment `# -- what it is` above it")
    return Value(default, parts=_parts(node, default, lines))


def _comment(lines: list[str], line: int) -> tuple[str, dict[str, Any]]:
    block: list[str] = []
    while line > 0 and lines[line - 1].lstrip().startswith("#"):
        line -= 1
        block.insert(0, lines[line].lstrip().removeprefix("#").strip())
    meaning: list[str] = []
    extra: dict[str, Any] = {}
    open_ended = False
    for text in block:
        if text.startswith("@schema "):
            extra |= json.loads(text.removeprefix("@schema "))
            open_ended = False
        elif text.startswith("-- "):
            meaning, open_ended = [text.removeprefix("-- ")], True
        elif text and open_ended:
            meaning.append(text)
        else:
            open_ended = False
    return " ".join(meaning), extra


def chart_schema(chart: str, text: str) -> dict[str, Any]:
    """The `values.schema.json` of a chart: unknown values are refused, and so are values of another type."""
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Values of the chart {chart}",
    }
    schema |= _object(read_values(text))
    # Helm adds `global` to the values of every chart that is used as a part of another.
    schema["properties"]["global"] = {"type": "object"}
    known = _ENV_DEFS | _NAME_DEFS | {"collectorSettings": setting_schema()}
    used = {name: known[name] for name in known if f"#/$defs/{name}" in text or f"#/$defs/{name}" in str(_ENV_DEFS)}
    return schema | ({"$defs": used} if "#/$defs/" in text else {})


def _object(parts: dict[str, Value]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: _schema(value) for name, value in parts.items()},
        # What is set to null is taken away by Helm; templates count on these.
        "required": [name for name, value in parts.items() if value.parts or _is_scalar(value)],
        "additionalProperties": False,
    }


def _is_scalar(value: Value) -> bool:
    return isinstance(value.default, str | bool | int | float)


def _schema(value: Value) -> dict[str, Any]:
    if value.parts:
        return _object(value.parts)
    inferred = {} if value.default is None else {"type": _TYPES[type(value.default)]}
    return {"description": value.meaning, **inferred, **value.extra}


def values_table(text: str) -> str:
    """The table of a chart's values in Markdown: name, default, meaning."""
    rows = [
        f"| `{name}` | `{cell(json.dumps(value.default))}` | {cell(value.meaning)} |"
        for name, value in _leaves(read_values(text), "")
    ]
    return "\n".join(["| value | default | meaning |", "|---|---|---|", *rows])


def _leaves(parts: dict[str, Value], prefix: str) -> Iterator[tuple[str, Value]]:
    for name, value in parts.items():
        if value.parts:
            yield from _leaves(value.parts, f"{prefix}{name}.")
        else:
            yield prefix + name, value
