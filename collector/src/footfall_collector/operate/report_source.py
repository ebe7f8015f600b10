"""The data of a report: from a collector at an address, or from the data directory while no collector runs."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from ..runtime import Settings

_TIMEOUT_SECONDS = 60.0


class ReportError(Exception):
    """There is no report; the message says why and what to do."""


def fetch_report(url: str, query: Mapping[str, str], secret: str) -> dict[str, Any]:
    """The report of the collector at `url`, with the sign-in secret where there is one. Raises ReportError."""
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise ReportError(f"--url {url} is no address; write one such as http://127.0.0.1:8765")
    address = f"{url.rstrip('/')}/api/report?{urllib.parse.urlencode(query)}"
    headers = {"accept": "application/json"} | ({"authorization": f"Bearer {secret}"} if secret else {})
    request = urllib.request.Request(address, headers=headers)  # noqa: S310 - scheme checked above
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310 - as above
            report: dict[str, Any] = json.load(response)
            return report
    except urllib.error.HTTPError as error:
        raise ReportError(_refusal_sentence(url, error)) from None
    except (OSError, ValueError) as error:
        raise ReportError(
            f"no collector answers at {url} ({type(error).__name__}): give its address with --url"
        ) from None


def _refusal_sentence(url: str, error: urllib.error.HTTPError) -> str:
    if error.code == 401:
        return f"{url} asks for its sign-in secret: set FOOTFALL_SIGN_IN_SECRET to it (not to its hash)"
    try:
        return f"{url}: {json.load(error)['error']}"
    except (ValueError, KeyError, TypeError):
        return f"{url} answered {error.code}; is it a Footfall collector?"


def report_from_files(settings: Settings, query: Mapping[str, str]) -> dict[str, Any]:
    """The report from the files of a collector that is not running. Raises ReportError."""
    # Late: a report that another collector makes should not pay for the stores.
    from ..admit import load_catalogues
    from ..answer import Answers, FilterError, Filters
    from ..runtime import Status
    from ..show.report import build_report
    from ..store import StoreError, open_store

    if settings.store == "duckdb" and not (settings.data / "store").is_dir():
        raise ReportError(f"{settings.data} has no collector's data: name the directory with --data, or --url")
    catalogues, now = load_catalogues(settings.products), datetime.now(UTC)
    try:
        store = open_store(settings, catalogues, Status(), "")
        try:
            filters = Filters.parse(query, now, catalogues)
            report: dict[str, Any] = msgspec.to_builtins(build_report(Answers(store, catalogues), filters, now))
            return report
        finally:
            store.close()
    except (FilterError, StoreError) as error:
        raise ReportError(str(error)) from None
