"""`footfall-collector posthog provision`: makes or refreshes a product's dashboard in a PostHog."""

import argparse
import json
import os
import runpy
import sys
from dataclasses import dataclass
from typing import Any

from footfall.catalogue import Event, catalogue_for

from ...runtime import Settings
from .api import PostHog, PostHogError, web_address
from .insights import Insight, insights_of

KEY_VARIABLE = "POSTHOG_PERSONAL_API_KEY"
EXAMPLE = f"""example:
  {KEY_VARIABLE}=phx_… footfall-collector posthog provision --host https://eu.posthog.com --product dot-ai
  footfall-collector posthog provision --host https://eu.posthog.com --dry-run
"""
Body = dict[str, Any]


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `posthog provision` to the command line."""
    help_text = "work with a PostHog of your own"
    posthog = commands.add_parser("posthog", help=help_text, description=help_text)
    text = "make or refresh a dashboard in PostHog that answers the four questions; nothing that exists is doubled"
    provision = posthog.add_subparsers(metavar="COMMAND", required=True).add_parser(
        "provision",
        help=text,
        description=text,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    provision.add_argument("--host", dest="posthog_host", required=True, help="address of PostHog's web application")
    provision.add_argument("--personal-api-key", help=f"personal key (phx_…); better in {KEY_VARIABLE}")
    provision.add_argument("--project", default="@current", help="number of the project [the key's current one]")
    provision.add_argument("--product", default="dot-ai", help="name of the product [dot-ai]")
    provision.add_argument("--catalogue", help="Python file whose EVENTS are the product's own events")
    provision.add_argument("--dry-run", action="store_true", help="print the requests of a first run and send none")
    provision.set_defaults(run=run, parser=provision)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Make or refresh the dashboard; 0 where PostHog has all of it in the end."""
    del settings
    try:
        insights = insights_of(catalogue_for(arguments.product, events=_events_in(arguments.catalogue)))
        if arguments.dry_run:
            return _print_requests(arguments, insights)
        key = arguments.personal_api_key or os.environ.get(KEY_VARIABLE, "")
        if not key:
            raise PostHogError(f"a personal API key is needed: set {KEY_VARIABLE}, or look first with --dry-run")
        return _provision(PostHog(arguments.posthog_host, key, arguments.project), arguments.product, insights)
    except (PostHogError, TypeError, ValueError) as error:
        print(f"footfall-collector: {error}", file=sys.stderr)
        return 1


def _events_in(path: str | None) -> tuple[type[Event], ...]:
    """The events of a product's own catalogue, the file that its server and its collector use too."""
    if path is None:
        return ()
    if not os.path.exists(path):
        raise PostHogError(f"{path} does not exist; check --catalogue")
    try:
        events = runpy.run_path(path).get("EVENTS")
    except (OSError, SyntaxError, ImportError, NameError, AttributeError) as error:
        raise PostHogError(f"{path} can't be loaded as a catalogue: {type(error).__name__}: {error}") from None
    if not isinstance(events, tuple) or not all(isinstance(e, type) and issubclass(e, Event) for e in events):
        raise PostHogError(f"{path}: write `EVENTS = (MyEvent, …)`, a tuple of subclasses of footfall.catalogue.Event")
    return events


def _provision(posthog: PostHog, product: str, insights: tuple[Insight, ...]) -> int:
    project = posthog.project()
    wanted = _dashboard(product)
    dashboard = _put(posthog, "dashboards", wanted, {d["name"]: d for d in _living(posthog, "dashboards/?limit=200")})
    there = {i["name"]: i for i in _living(posthog, "insights/?limit=200&basic=true&saved=true")}
    for insight in insights:
        body = _body(product, insight)
        others = there.get(body["name"], {}).get("dashboards") or []
        _put(posthog, "insights", body | {"dashboards": sorted({*others, dashboard["id"]})}, there)
    print(f"{posthog.path('dashboards')}/{dashboard['id']}: {len(insights)} insights are there.")
    if project.get("anonymize_ips") is False:
        print("Turn on “Discard client IP data” in the project's settings: Footfall sends no address, others might.")
    return 0


def _living(posthog: PostHog, rest: str) -> list[dict[str, Any]]:
    return [one for one in posthog.every(posthog.path(rest)) if not one.get("deleted") and one.get("name")]


def _put(posthog: PostHog, kind: str, body: Body, there: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Create, change, or leave an object that is known by its name."""
    found = there.get(body["name"])
    if found is None:
        done, made = "created", posthog.ask("POST", posthog.path(f"{kind}/"), body)
    elif all(_says(found.get(name), value) for name, value in body.items()):
        done, made = "unchanged", found
    else:
        done, made = "updated", posthog.ask("PATCH", posthog.path(f"{kind}/{found['id']}/"), body)
    print(f"{done:<10}{body['name']}")
    return made


def _says(found: Any, wanted: Any) -> bool:
    """Whether what PostHog keeps has all that is wanted; PostHog adds fields of its own to a query."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(_says(found.get(name), value) for name, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(_says, found, wanted))
    return bool(found == wanted)


def _dashboard(product: str) -> Body:
    return {
        "name": f"Footfall: {product}",
        "description": f"Which tools of {product} are valuable, which errors users meet, which providers and clients "
        "to prioritise, what comes next. Made by `footfall-collector posthog provision`, which also refreshes it.",
    }


def _body(product: str, insight: Insight) -> Body:
    return {
        "name": f"{product}: {insight.title}",
        "description": insight.description,
        "query": insight.query,
        "saved": True,
    }


@dataclass(frozen=True)
class _Request:
    method: str
    path: str
    body: Body


def requests_of(product: str, project: str, insights: tuple[Insight, ...]) -> list[_Request]:
    """The writing requests of a first run; the dashboard's number isn't known before it is there."""
    root = f"/api/projects/{project}"
    first = _Request("POST", f"{root}/dashboards/", _dashboard(product))
    bodies = [_body(product, insight) | {"dashboards": ["<dashboard>"]} for insight in insights]
    return [first, *(_Request("POST", f"{root}/insights/", body) for body in bodies)]


def _print_requests(arguments: argparse.Namespace, insights: tuple[Insight, ...]) -> int:
    base = web_address(arguments.posthog_host)
    for request in requests_of(arguments.product, arguments.project, insights):
        print(f"{request.method} {base}{request.path}")
        print(json.dumps(request.body, indent=1, ensure_ascii=False))
    return 0
