"""The sentence of a page about one thing, such as a tool or a client. Pure functions: rows in, a sentence out."""

from ...runtime import quantity
from .markup import code, tool_name
from .rows import ChartRow, column_total, share, totals_by
from .sentences import MIN_CALLS_FOR_RATE
from .units import format_milliseconds, format_percent

_CALLS = {
    "tool": "of {}",
    "error_type": "by instances that met {}",
    "mcp_client": "from {}",
    "ai_provider": "with {}",
    "product_version": "in {}",
    "k8s_version": "on Kubernetes {}",
    "transport": "by instances that connected over {}",
    "deployment_method": "by instances deployed by {}",
}
"""Property to which calls the sentence is about."""


def used_thing(
    about: str, name: str, now: ChartRow, whole: ChartRow, usage: list[ChartRow], kinds: list[ChartRow]
) -> str:
    """Who calls it how often, how much of that fails with what, and how long it takes.

    Args:
        about: the property.
        name: its value.
        now: the totals of the thing's calls.
        whole: the totals under the same filters without the thing.
        usage: the thing's calls by tool.
        kinds: its errors by class.
    """
    which = _CALLS[about].format(code(name))
    if not now["calls"]:
        return f"**{quantity(now['instances'], 'instance')}** sent events, and no tool call {which} was counted."
    reach = share(now["callers"], whole["callers"])
    text = f"**{quantity(now['callers'], 'instance')}**"
    if reach is not None and now["callers"] < whole["callers"]:
        text += f" ({format_percent(reach)} of those that called a tool)"
    text += f" made **{quantity(now['calls'], 'call')}** {which}"
    if about != "tool" and len(usage) > 1:
        text += f", most often of {tool_name(max(usage, key=lambda row: row['calls'])['tool'])}"
    rate = share(now["errors"], now["calls"])
    if rate is not None and now["calls"] >= MIN_CALLS_FOR_RATE:
        text += f"; **{format_percent(rate)}** failed" if rate else "; none failed"
        if rate and kinds and (classes := totals_by(kinds, "error_type", "errors")):
            text += f", most often with {code(next(iter(classes)))}"
    if now["p50_ms"] is not None:
        text += f". Half took longer than **{format_milliseconds(now['p50_ms'])}**"
    return f"{text}."


def met_error(name: str, kinds: list[ChartRow], instances: int, errors: int) -> str:
    """How often an error class was met, by how many instances, and where; `errors` counts those of all classes."""
    met = column_total(kinds, "errors")
    text = f"**{quantity(met, 'call')}** of **{quantity(instances, 'instance')}** failed with {code(name)}"
    part = share(met, errors)
    if part is not None and met < errors:
        text += f", which is {format_percent(part)} of all errors"
    tools = totals_by(kinds, "tool", "errors")
    return f"{text}; most often in {tool_name(next(iter(tools)))}." if len(tools) > 1 else f"{text}."


def unused_thing(noun: str, name: str) -> str:
    """The answer about a known thing that nothing in the range is about."""
    return f"Nothing was counted of the {noun} {code(name)} in this time range."


def unknown_thing(noun: str, name: str) -> str:
    """The answer about a thing that no event ever named."""
    return f"No event names the {noun} {code(name)}."
