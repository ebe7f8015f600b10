"""A product's charts as insights of a PostHog dashboard, for products whose events go to a PostHog.

`insights` derives PostHog's queries from the catalogue, `provision` creates or updates dashboard and insights through
PostHog's REST API (`api`). A second run changes nothing that is right already. Only `cli` imports this package.
"""

from .api import PostHogError, PostHogProject
from .provision import first_run_requests, load_insights, provision_dashboard

__all__ = ["PostHogError", "PostHogProject", "first_run_requests", "load_insights", "provision_dashboard"]
