"""Which chart stands on which page, in which order. Data only."""

from dataclasses import dataclass

from .panels import (
    ACTIVE,
    CLIENTS,
    DEPLOYMENTS,
    ERROR_RATE,
    ERROR_TYPES,
    EVENTS,
    KUBERNETES,
    PROVIDERS,
    RETENTION,
    TOOL_DURATION,
    TOOL_ERRORS,
    TOOL_USAGE,
    TRANSPORTS,
    UPTIME,
    VERSIONS,
    Panel,
)


@dataclass(frozen=True)
class Part:
    """A table of the data-health page, filled from the collector's own counters."""

    id: str
    title: str
    unit: str
    span: int = 6


@dataclass(frozen=True)
class Page:
    """One page: `title` names it in the navigation, `heading` stands above the answer."""

    name: str
    path: str
    icon: str
    title: str
    heading: str
    waiting: str
    panels: tuple[Panel, ...] = ()
    parts: tuple[Part, ...] = ()
    tiles: bool = False
    releases: bool = False
    apart: bool = False
    template: str = "page.html"


PAGES = (
    Page(
        "overview",
        "/",
        "home",
        "Overview",
        "Overview",
        "Counting…",
        (EVENTS, TOOL_USAGE, ERROR_TYPES, PROVIDERS, CLIENTS, ACTIVE, VERSIONS),
        tiles=True,
    ),
    Page(
        "tools",
        "/tools",
        "tools",
        "Which tools matter?",
        "Which tools are most valuable?",
        "Ranking the tools…",
        (TOOL_USAGE, TOOL_ERRORS, TOOL_DURATION, ACTIVE),
        tiles=True,
    ),
    Page(
        "errors",
        "/errors",
        "errors",
        "What breaks?",
        "Which errors do users meet in the wild?",
        "Looking at the errors…",
        (ERROR_RATE, TOOL_DURATION, TOOL_ERRORS, ERROR_TYPES),
        releases=True,
    ),
    Page(
        "clients",
        "/clients",
        "clients",
        "Which providers and clients?",
        "Which AI providers and clients should be prioritised?",
        "Counting providers and clients…",
        (PROVIDERS, CLIENTS, TRANSPORTS, DEPLOYMENTS),
    ),
    Page(
        "next",
        "/next",
        "next",
        "What next?",
        "What do the data say about the product's next decision?",
        "Weighing versions and retention…",
        (VERSIONS, ACTIVE, KUBERNETES, UPTIME, RETENTION),
        releases=True,
    ),
    Page(
        "health",
        "/data-health",
        "health",
        "Data health",
        "Can these numbers be trusted?",
        "Asking the collector…",
        parts=(
            Part("products", "Products", "what each product sent since the collector started, and its last event", 12),
            Part("refusals", "Refused and dropped", "by reason, since the collector started"),
            Part("versions", "Versions", "seen in the last 30 days, internal events included; first day in that time"),
        ),
        apart=True,
        template="health.html",
    ),
)
