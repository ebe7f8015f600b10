"""Creates or updates a product's dashboard and its insights in a PostHog, each known by its name."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from footfall.catalogue import Event, catalogue_for
from footfall.catalogue.loading import CatalogueError, is_module_name, load_events

from .api import PostHogError, PostHogProject, web_address
from .insights import Insight, product_insights

Body = dict[str, Any]


@dataclass(frozen=True)
class PostHogRequest:
    """A request that writes: its method, address and JSON body."""

    method: str
    address: str
    body: Body


def load_insights(product: str, source: str | None) -> tuple[Insight, ...]:
    """The insights of a product; `source` is the Python file or module that defines the product's events.

    Raises PostHogError, TypeError, ValueError.
    """
    return product_insights(catalogue_for(product, events=_load_events(product, source)))


def provision_dashboard(
    project: PostHogProject, product: str, insights: tuple[Insight, ...], print_line: Callable[[str], None]
) -> None:
    """Make the dashboard and its insights what they should be. Raises PostHogError."""
    description = project.describe()
    existing = _live_objects(project, "dashboards/?limit=200")
    dashboard = _create_or_update(project, "dashboards", _dashboard_body(product), existing, print_line)
    existing = _live_objects(project, "insights/?limit=200&basic=true&saved=true")
    existing |= _renamed(product, insights, existing)
    for insight in insights:
        body = _insight_body(product, insight)
        dashboards = existing.get(body["name"], {}).get("dashboards") or []
        body["dashboards"] = sorted({*dashboards, dashboard["id"]})
        _create_or_update(project, "insights", body, existing, print_line)
    print_line(f"{project.path('dashboards')}/{dashboard['id']}: {len(insights)} insights are there.")
    if description.get("anonymize_ips") is False:
        print_line(
            "Turn on “Discard client IP data” in the project's settings: Footfall sends no address, others might."
        )


def first_run_requests(host: str, project: str, product: str, insights: tuple[Insight, ...]) -> list[PostHogRequest]:
    """The writing requests of a first run, with a placeholder for the dashboard's number. Raises PostHogError."""
    root = f"{web_address(host)}/api/projects/{project}"
    dashboard = PostHogRequest("POST", f"{root}/dashboards/", _dashboard_body(product))
    bodies = [_insight_body(product, insight) | {"dashboards": ["<dashboard>"]} for insight in insights]
    return [dashboard, *(PostHogRequest("POST", f"{root}/insights/", body) for body in bodies)]


def _load_events(product: str, source: str | None) -> tuple[type[Event], ...]:
    """The events of a product's own catalogue, the file or module that its server and its collector use too."""
    if source is None:
        return ()
    if not is_module_name(source) and not os.path.exists(source):
        raise PostHogError(f"{source} does not exist; check --catalogue")
    try:
        return load_events(source, product, directory=os.getcwd())
    except CatalogueError as error:
        raise PostHogError(str(error)) from None


def _live_objects(project: PostHogProject, path: str) -> dict[str, dict[str, Any]]:
    """Name to object, of the objects of a list that have a name and are not deleted."""
    objects = project.list_all(project.path(path))
    return {item["name"]: item for item in objects if not item.get("deleted") and item.get("name")}


def _renamed(
    product: str, insights: tuple[Insight, ...], existing: dict[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Today's names of insights to the stored ones that have another title of theirs.

    A title that events shared was one insight: it stays that of the event whose query it has, else of the first.
    """
    names = {_insight_name(product, insight.title) for insight in insights}
    renamed, taken = {}, set(names)
    for needs_query in (True, False):
        for insight in insights:
            name = _insight_name(product, insight.title)
            for old in (_insight_name(product, title) for title in insight.other_titles):
                stored = existing.get(old)
                if name in existing or name in renamed or old in taken or stored is None:
                    continue
                if not needs_query or _contains(stored.get("query"), insight.query):
                    renamed[name] = stored
                    taken.add(old)
    return renamed


def _create_or_update(
    project: PostHogProject,
    kind: str,
    body: Body,
    existing: dict[str, dict[str, Any]],
    print_line: Callable[[str], None],
) -> dict[str, Any]:
    """Create, update or leave an object, and return it as PostHog keeps it."""
    stored = existing.get(body["name"])
    if stored is None:
        outcome, stored = "created", project.request("POST", project.path(f"{kind}/"), body)
    elif all(_contains(stored.get(name), value) for name, value in body.items()):
        outcome = "unchanged"
    else:
        outcome, stored = "updated", project.request("PATCH", project.path(f"{kind}/{stored['id']}/"), body)
    print_line(f"{outcome:<10}{body['name']}")
    return stored


def _contains(stored: Any, wanted: Any) -> bool:
    """Whether a stored value has everything of the wanted one; PostHog adds fields to a query."""
    if isinstance(wanted, dict):
        return isinstance(stored, dict) and all(_contains(stored.get(name), value) for name, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(stored, list) and len(stored) == len(wanted) and all(map(_contains, stored, wanted))
    return bool(stored == wanted)


def _dashboard_body(product: str) -> Body:
    return {
        "name": f"Footfall: {product}",
        "description": f"Which tools of {product} are valuable, which errors users meet, which providers and clients "
        "to prioritise, what comes next. Made by `footfall-collector posthog provision`, which also refreshes it.",
    }


def _insight_name(product: str, title: str) -> str:
    return f"{product}: {title}"


def _insight_body(product: str, insight: Insight) -> Body:
    return {
        "name": _insight_name(product, insight.title),
        "description": insight.description,
        "query": insight.query,
        "saved": True,
    }
