"""The pages and their panels, in order. Data only."""

from dataclasses import dataclass

from .asked_panels import (
    CLIENT_DURATIONS,
    CLIENT_ERRORS,
    ERROR_RATE,
    KUBERNETES_TREND,
    MAIN,
    PROVIDER_DURATIONS,
    PROVIDER_ERRORS,
)
from .panels import (
    ACTIVE,
    CLIENTS,
    CLIENTS_BY_REACH,
    DEPLOYMENTS,
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
    WEEKLY,
    Panel,
)


@dataclass(frozen=True)
class HealthPanel:
    """A table of the data-health page; `id` is that of a `HealthTable`."""

    id: str
    title: str
    unit: str
    span: int = 6


@dataclass(frozen=True)
class Page:
    """One page.

    Attributes:
        title: its name in the navigation, in its heading and in the browser's title.
        question: what it answers; the heading of its section in a report.
        loading: stands in place of the answer until that is there.
        tiles: whether the four key numbers are shown.
        main: the chart that the tiles choose; None on pages without one.
        week: whether the page says what changed in the last week.
        releases: whether the comparison of releases is shown.
        separated: whether the navigation has a gap before it.
    """

    name: str
    path: str
    icon: str
    title: str
    question: str
    loading: str
    panels: tuple[Panel, ...] = ()
    health_panels: tuple[HealthPanel, ...] = ()
    tiles: bool = False
    main: Panel | None = None
    week: bool = False
    releases: bool = False
    separated: bool = False
    template: str = "page.html"


PAGES = (
    Page(
        "overview",
        "/",
        "home",
        "Overview",
        "How is the product used?",
        "Counting…",
        (WEEKLY, TOOL_USAGE, ERROR_TYPES, PROVIDERS, CLIENTS),
        tiles=True,
        main=MAIN,
        week=True,
    ),
    Page(
        "tools",
        "/tools",
        "tools",
        "Tools",
        "Which tools are most valuable?",
        "Ranking the tools…",
        (TOOL_USAGE, TOOL_ERRORS, TOOL_DURATION, ACTIVE),
        tiles=True,
    ),
    Page(
        "errors",
        "/errors",
        "errors",
        "Errors",
        "What is failing?",
        "Counting errors…",
        (ERROR_RATE, TOOL_DURATION, TOOL_ERRORS, ERROR_TYPES),
    ),
    Page(
        "clients",
        "/clients",
        "clients",
        "Providers and clients",
        "Which AI providers and clients should be prioritised?",
        "Counting providers and clients…",
        (
            PROVIDERS,
            CLIENTS_BY_REACH,
            PROVIDER_ERRORS,
            CLIENT_ERRORS,
            PROVIDER_DURATIONS,
            CLIENT_DURATIONS,
            TRANSPORTS,
            DEPLOYMENTS,
        ),
    ),
    Page(
        "next",
        "/next",
        "next",
        "Releases and retention",
        "Are releases adopted, and do instances come back?",
        "Comparing versions and retention…",
        (VERSIONS, ACTIVE, KUBERNETES, KUBERNETES_TREND, UPTIME, RETENTION),
        releases=True,
    ),
    Page(
        "events",
        "/events",
        "events",
        "Events",
        "What does each event say?",
        "Counting events…",
        (EVENTS,),
        template="events.html",
    ),
    Page(
        "health",
        "/data-health",
        "health",
        "Data health",
        "Can these numbers be trusted?",
        "Reading the collector's counters…",
        health_panels=(
            HealthPanel("alerts", "Alerts", "what rules found in the last 90 days, from begin to end", 12),
            HealthPanel("products", "Products", "events since the collector started, and the last one", 12),
            HealthPanel(
                "misfits", "Does not fit the catalogue", "by event and property, since the collector started", 12
            ),
            HealthPanel("other", "Only known as other", "values by property, with the line that names them", 12),
            HealthPanel("days", "Events by day", "in the store, internal ones included; instances are active ones", 12),
            HealthPanel("refusals", "Refused and dropped", "by reason, since the collector started", 12),
            HealthPanel("versions", "Versions", "in the last 30 days, internal events included", 12),
        ),
        separated=True,
        template="health.html",
    ),
)
THING = Page(
    "thing",
    "/things/{kind}/{name:path}",
    "tools",
    "",
    "How is one of them used?",
    "Counting…",
    tiles=True,
    main=MAIN,
)
"""The page about one thing, such as a tool: it has no place in the navigation."""
