"""PostHog's REST API, the little of it that a dashboard needs: list, create, change."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from ...runtime import __version__

SECONDS = 30.0
_MOST_PAGES = 1000


class PostHogError(Exception):
    """PostHog can't be asked, or refuses; the message says what to do."""


class PostHog:
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

    def project(self) -> dict[str, Any]:
        """The project, as PostHog describes it; from now on it is named by its number."""
        found: dict[str, Any] = self.ask("GET", f"{self._root}/")
        self._root = f"/api/projects/{found.get('id')}"
        return found

    def path(self, rest: str) -> str:
        """The path of something in the project."""
        return f"{self._root}/{rest}"

    def every(self, path: str) -> Iterator[dict[str, Any]]:
        """All objects of a list, page after page."""
        following: str | None = path
        for _ in range(_MOST_PAGES):
            if following is None:
                return
            page = self.ask("GET", following)
            yield from page.get("results", ())
            following = _on_this_host(page.get("next"))

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """One request; the JSON object that comes back. Raises PostHogError."""
        import urllib3

        content = None if body is None else json.dumps(body).encode()
        headers = self._headers | ({"Content-Type": "application/json"} if body is not None else {})
        try:
            # A redirect would take the key along to wherever it points.
            answer = urllib3.request(
                method, self._base + path, body=content, headers=headers, timeout=SECONDS, retries=False, redirect=False
            )
        except urllib3.exceptions.HTTPError as error:
            raise PostHogError(f"{self._base} can't be reached ({type(error).__name__}); check --host") from None
        if not 200 <= answer.status < 300:
            raise PostHogError(_refusal(answer.status, method, path))
        try:
            found = json.loads(answer.data)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise PostHogError(
                f"{self._base} answers with something else than PostHog's API; --host is the address of the web "
                "application (https://eu.posthog.com), not of ingestion (https://eu.i.posthog.com)"
            )
        return found


def web_address(host: str) -> str:
    """The address of PostHog's web application, without a slash at its end. Raises PostHogError for any other."""
    parts = urlsplit(host)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise PostHogError(
            "--host must be the address of PostHog's web application, with https://, such as https://eu.posthog.com"
        )
    region, _, rest = parts.hostname.partition(".")
    if rest == "i.posthog.com":
        raise PostHogError(f"--host: that is PostHog's address for events; write https://{region}.posthog.com")
    return host.rstrip("/")


def _on_this_host(address: object) -> str | None:
    """Path and query of the next page. Its host is not looked at: the key goes to the host that was named."""
    if not isinstance(address, str):
        return None
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


def _refusal(status: int, method: str, path: str) -> str:
    if status in (401, 403):
        return (
            f"PostHog refuses the personal API key ({status} for {method} {path}): it needs the scopes project:read, "
            "dashboard:write and insight:write, and access to the project"
        )
    if status == 404:
        return f"PostHog has nothing at {path} (404); check --host and --project"
    return f"PostHog answers {status} to {method} {path}; try again later, or report it with this line"
