"""The collector's settings as a JSON Schema: what its chart's `settings` may hold follows from the table."""

from typing import Any

from footfall_collector.runtime import COLLECTOR_SETTINGS, Setting

CHARTS_OWN = frozenset({"data", "host", "port", "allowed_hosts", "store"})
"""Settings that the chart sets from other values; secrets come from Secrets."""


def setting_schema() -> dict[str, Any]:
    """An object of all settings that are no secret and not the chart's own, each with its type and bounds."""
    return {
        "type": "object",
        "properties": {s.name: _schema(s) for s in COLLECTOR_SETTINGS if not s.secret and s.name not in CHARTS_OWN},
        "additionalProperties": False,
    }


def _schema(setting: Setting) -> dict[str, Any]:
    if setting.type is int or setting.type is float:
        bounds = {"minimum": setting.minimum} | ({} if setting.maximum is None else {"maximum": setting.maximum})
        return {"type": "integer" if setting.type is int else "number", **bounds}
    if setting.type == tuple[str, ...]:
        # A list becomes one variable, joined by commas.
        return {"type": "array", "items": {"type": "string", "pattern": "^[^,]+$"}}
    return {"type": "string"}
