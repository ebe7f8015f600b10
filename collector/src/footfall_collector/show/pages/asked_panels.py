"""Panels whose numbers are the answer of `/api/ask` to a question, instead of a chart's. Data only."""

from dataclasses import dataclass, field
from typing import Any

from .panels import Panel


@dataclass(frozen=True)
class AskedPanel(Panel):
    """A panel that shows the answer to a question.

    Attributes:
        query: the parameters of `/api/ask` besides the page's filters.
        columns: of the answer, with their titles and units.
        stepped: whether it is asked by day, by hour or by minute, as the range is long.
    """

    query: dict[str, str] = field(default_factory=dict)
    columns: dict[str, tuple[str, str]] = field(default_factory=dict)
    stepped: bool = False


MAIN = AskedPanel("main", "calls", "series", "Tool calls", "tool calls per day, UTC", {"label": ["day"]}, span=12)
"""The chart that the tiles choose; the scripts say what is asked (`frontend/src/page/main_chart.ts`)."""
ERROR_RATE = AskedPanel(
    "error-rate",
    "error-rate",
    "series",
    "Error rate over time",
    "share of each day's calls that failed, UTC",
    {"label": ["day"], "tone": "bad"},
    query={"event": "tool_executed", "measure": "rate"},
    stepped=True,
)
_CALLS = ("Calls", "calls")
_DIMENSIONS = {"mcp_client": "client", "ai_provider": "provider"}


def _error_rate(by: str) -> AskedPanel:
    name = _DIMENSIONS[by]
    return AskedPanel(
        f"{name}-errors",
        f"error-rate-by-{name}",
        "bars",
        f"Error rate by {name}",
        "share of calls that failed",
        {"label": [by], "value": "rate", "numbers": ["rate", "hits", "events"], "tone": "bad", "sorted": True},
        query={"event": "tool_executed", "measure": "rate", "by": by},
        columns={
            by: (name.capitalize(), ""),
            "rate": ("Error rate", "ratio"),
            "hits": ("Errors", "errors"),
            "events": _CALLS,
        },
    )


def _median(by: str) -> AskedPanel:
    name = _DIMENSIONS[by]
    options: dict[str, Any] = {"label": [by], "value": "median", "numbers": ["median", "events"], "sorted": True}
    return AskedPanel(
        f"{name}-durations",
        f"median-duration-by-{name}",
        "bars",
        f"Median duration by {name}",
        "half of the calls took no longer",
        options,
        query={"event": "tool_executed", "measure": "median", "by": by},
        columns={by: (name.capitalize(), ""), "median": ("Median", "milliseconds"), "events": _CALLS},
    )


CLIENT_ERRORS, PROVIDER_ERRORS = _error_rate("mcp_client"), _error_rate("ai_provider")
CLIENT_DURATIONS, PROVIDER_DURATIONS = _median("mcp_client"), _median("ai_provider")
KUBERNETES_TREND = AskedPanel(
    "kubernetes-trend",
    "kubernetes-versions-over-time",
    "series",
    "Kubernetes versions over time",
    "share of each day's active instances, UTC",
    {
        "x": "day",
        "series": "k8s_version",
        "values": ["instances"],
        "stack": True,
        "share": True,
        "order": "version",
        "minor": True,
    },
    empty="A server that starts in a cluster reports the cluster's Kubernetes version.",
    query={"measure": "instances", "by": "k8s_version", "step": "day"},
    columns={"day": ("Day (UTC)", "day"), "k8s_version": ("Kubernetes", ""), "instances": ("Instances", "instances")},
)
