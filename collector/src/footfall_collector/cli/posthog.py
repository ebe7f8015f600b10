"""`posthog provision`: makes or refreshes a product's dashboard in a PostHog."""

import argparse
import json
import os
from typing import TYPE_CHECKING

from ..runtime import Settings
from .arguments import add_group, print_error

if TYPE_CHECKING:
    from .arguments import Commands

_KEY_VARIABLE = "POSTHOG_PERSONAL_API_KEY"
_EXAMPLE = f"""example:
  {_KEY_VARIABLE}=phx_… footfall-collector posthog provision --host https://eu.posthog.com --product dot-ai
  footfall-collector posthog provision --host https://eu.posthog.com --dry-run
"""


def add_commands(commands: "Commands") -> None:
    posthog = add_group(commands, "posthog", "work with a PostHog of your own", _EXAMPLE)
    text = "make or refresh a dashboard in PostHog that answers the four questions; a second run changes nothing"
    provision = posthog.add_parser(
        "provision",
        help=text,
        description=text,
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    # Its `dest` is not `host`, which is a setting of the collector.
    provision.add_argument("--host", dest="posthog_host", required=True, help="address of PostHog's web application")
    provision.add_argument("--personal-api-key", help=f"personal key (phx_…); better in {_KEY_VARIABLE}")
    provision.add_argument("--project", default="@current", help="number of the project [the key's current one]")
    provision.add_argument("--product", default="dot-ai", help="name of the product [dot-ai]")
    provision.add_argument("--catalogue", help="Python file or module whose EVENTS are the product's own events")
    provision.add_argument("--dry-run", action="store_true", help="print the requests of a first run and send none")
    provision.set_defaults(run=_provision, parser=provision)


def _provision(options: argparse.Namespace, settings: Settings) -> int:
    del settings
    # Late: the other commands should not pay for the catalogue.
    from ..operate.posthog import PostHogError, PostHogProject, first_run_requests, load_insights, provision_dashboard

    try:
        insights = load_insights(options.product, options.catalogue)
        if options.dry_run:
            for request in first_run_requests(options.posthog_host, options.project, options.product, insights):
                print(f"{request.method} {request.address}")
                print(json.dumps(request.body, indent=1, ensure_ascii=False))
            return 0
        key = options.personal_api_key or os.environ.get(_KEY_VARIABLE, "")
        if not key:
            raise PostHogError(f"a personal API key is needed: set {_KEY_VARIABLE}, or look first with --dry-run")
        provision_dashboard(
            PostHogProject(options.posthog_host, key, options.project), options.product, insights, print
        )
    except (PostHogError, TypeError, ValueError) as error:
        print_error(str(error))
        return 1
    return 0
