"""A client of PostHog's REST API for what a dashboard needs: list, create, change."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from ...runtime import __version__

_TIMEOUT_SECONDS = 30.0
_MAX_PAGES = 1000


class PostHogError(Exception):
    """PostHog can't be reached or refuses a request; the message says what to do."""


class PostHogProject:
    """One project of a PostHog.

    Args:
        host: the address of its web application, such as `https://eu.posthog.com`.
        key: a personal API key with the scopes `project:read`, `dashboard:write` and `insight:write`.
        project: the project's number, or `@current`.
    """

    def __init__(self, host: str, key: str, project: str = "@current") -> None:
        if not key.isascii() or not key.isprintable() or not key:
            raise PostHogError("the personal API key has characters that no key has; copy it again")
        self._base = web_address(host)
        self._headers = {
            "Authorization": f"Bearer {key}",
            "Accept": "application/json",
            "User-Agent": f"footfall-collector/{__version__}",
        }
        self._root = f"/api/projects/{project}"

    def describe(self) -> dict[str, Any]:
        """The project as PostHog describes it; later requests name it by its number."""
        project = self.request("GET", f"{self._root}/")
        self._root = f"/api/projects/{project.get('id')}"
        return project

    def path(self, relative: str) -> str:
        """The path of an object or list of the project."""
        return f"{self._root}/{relative}"

    def list_all(self, path: str) -> Iterator[dict[str, Any]]:
        """All objects of a list, page after page."""
        next_page: str | None = path
        for _ in range(_MAX_PAGES):
            if next_page is None:
                return
            page = self.request("GET", next_page)
            yield from page.get("results", ())
            next_page = _path_and_query(page.get("next"))

    def request(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """The JSON object that one request returns. Raises PostHogError."""
        # Late: a dry run sends nothing.
        import urllib3

        encoded = None if body is None else json.dumps(body).encode()
        headers = self._headers | ({"Content-Type": "application/json"} if body is not None else {})
        try:
            # A redirect would send the key to another host.
            response = urllib3.request(
                method,
                self._base + path,
                body=encoded,
                headers=headers,
                timeout=_TIMEOUT_SECONDS,
                retries=False,
                redirect=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise PostHogError(f"{self._base} can't be reached ({type(error).__name__}); check --host") from None
        if not 200 <= response.status < 300:
            raise PostHogError(_refusal_sentence(response.status, method, path))
        try:
            content = json.loads(response.data)
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise PostHogError(
                f"{self._base} does not answer like PostHog's API; --host is the address of the web "
                "application (https://eu.posthog.com), not of ingestion (https://eu.i.posthog.com)"
            )
        return content


def web_address(host: str) -> str:
    """The address of PostHog's web application, without a slash at its end. Raises PostHogError for any other."""
    parts = urlsplit(host)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise PostHogError(
            "--host must be the address of PostHog's web application, with https://, such as https://eu.posthog.com"
        )
    region, _, domain = parts.hostname.partition(".")
    if domain == "i.posthog.com":
        raise PostHogError(f"--host: that is PostHog's address for events; write https://{region}.posthog.com")
    return host.rstrip("/")


def _path_and_query(address: object) -> str | None:
    """Path and query of the next page. Its host is ignored: the key is sent to the configured host only."""
    if not isinstance(address, str):
        return None
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


def _refusal_sentence(status: int, method: str, path: str) -> str:
    if status in (401, 403):
        return (
            f"PostHog refuses the personal API key ({status} for {method} {path}): it needs the scopes project:read, "
            "dashboard:write and insight:write, and access to the project"
        )
    if status == 404:
        return f"PostHog has nothing at {path} (404); check --host and --project"
    return f"PostHog answers {status} to {method} {path}; try again later, or report it with this line"
