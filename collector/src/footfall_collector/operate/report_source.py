"""Where a report comes from: a running collector, or the data directory where none is running."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from ..runtime import Settings

_SECONDS = 60.0


class ReportError(Exception):
    """There is no report; the message says why and what to do."""


def asked(url: str, query: Mapping[str, str], secret: str) -> dict[str, Any]:
    """The report that a running collector gives. Raises ReportError."""
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise ReportError(f"--url {url} is no address; write one such as http://127.0.0.1:8765")
    address = f"{url.rstrip('/')}/api/report?{urllib.parse.urlencode(query)}"
    headers = {"accept": "application/json"} | ({"authorization": f"Bearer {secret}"} if secret else {})
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=_SECONDS) as response:  # noqa: S310 - scheme checked above
            found: dict[str, Any] = json.load(response)
            return found
    except urllib.error.HTTPError as error:
        raise ReportError(_refusal(url, error)) from None
    except (OSError, ValueError) as error:
        raise ReportError(
            f"no collector answers at {url} ({type(error).__name__}): give its address with --url"
        ) from None


def _refusal(url: str, error: urllib.error.HTTPError) -> str:
    if error.code == 401:
        return f"{url} asks for its sign-in secret: set FOOTFALL_SIGN_IN_SECRET to it (not to its hash)"
    try:
        return f"{url}: {json.load(error)['error']}"
    except (ValueError, KeyError, TypeError):
        return f"{url} answered {error.code}; is it a Footfall collector?"


def read(settings: Settings, query: Mapping[str, str]) -> dict[str, Any]:
    """The report from the files of a collector that is not running. Raises ReportError, StoreError."""
    from ..admit.catalogues import load_catalogues
    from ..answer.answers import Answers
    from ..answer.filters import FilterError, Filters
    from ..runtime.status import Status
    from ..show.report.contents import build_report
    from ..store.opening import open_store

    if settings.store == "duckdb" and not (settings.data / "store").is_dir():
        raise ReportError(f"{settings.data} has no collector's data: name the directory with --data, or --url")
    catalogues, now = load_catalogues(settings.products), datetime.now(UTC)
    store = open_store(settings, catalogues, Status(), "")
    try:
        answers = Answers(store, catalogues)
        report: dict[str, Any] = msgspec.to_builtins(build_report(answers, Filters.parse(query, now, catalogues), now))
        return report
    except FilterError as error:
        raise ReportError(str(error)) from None
    finally:
        store.close()
