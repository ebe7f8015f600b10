"""The data of a report: from a collector at an address, or from the data directory while no collector runs."""

import json
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from ..runtime import Settings

_TIMEOUT_SECONDS = 60.0


class ReportError(Exception):
    """There is no report; the message says why and what to do."""


def fetch_report(url: str, query: Mapping[str, str], secret: str, ca: Path | None = None) -> dict[str, Any]:
    """The report of the collector at `url`. Raises ReportError.

    Args:
        url: the collector's address.
        query: of `/api/report`.
        secret: the sign-in secret or a token; empty for none.
        ca: a file of certificates, in PEM, that are trusted in addition to the system's.
    """
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise ReportError(f"--url {url} is no address; write one such as http://127.0.0.1:8765")
    address = f"{url.rstrip('/')}/api/report?{urllib.parse.urlencode(query)}"
    headers = {"accept": "application/json"} | ({"authorization": f"Bearer {secret}"} if secret else {})
    request = urllib.request.Request(address, headers=headers)  # noqa: S310 - scheme checked above
    context = _tls_context(ca)
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS, context=context) as response:  # noqa: S310
            report: dict[str, Any] = json.load(response)
            return report
    except urllib.error.HTTPError as error:
        raise ReportError(_refusal_sentence(url, error)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, ssl.SSLCertVerificationError):
            raise ReportError(_certificate_sentence(url, reason)) from None
        raise ReportError(
            f"no collector answers at {url} ({type(error).__name__}): give its address with --url"
        ) from None


def _tls_context(ca: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca is not None:
        try:
            context.load_verify_locations(ca)
        except ssl.SSLError:
            raise ReportError(f"--ca {ca} has no certificate in PEM (-----BEGIN CERTIFICATE-----)") from None
        except OSError as error:
            raise ReportError(f"--ca {ca} can't be read ({error.strerror})") from None
    return context


def _certificate_sentence(url: str, error: ssl.SSLCertVerificationError) -> str:
    """What is wrong with a certificate, in the words of OpenSSL, and what helps."""
    problem = error.verify_message.rstrip(".")
    if "mismatch" in problem:
        return f"the certificate of {url} is for another name ({problem}): use the name that it is for"
    if "expired" in problem or "not yet valid" in problem:
        return f"the certificate of {url} can't be trusted ({problem}): renew it, or set this machine's clock"
    return (
        f"the certificate of {url} can't be trusted ({problem}): if a CA of your own signed it, name its file with --ca"
    )


def _refusal_sentence(url: str, error: urllib.error.HTTPError) -> str:
    if error.code == 401:
        return f"{url} asks for its sign-in secret: set FOOTFALL_SIGN_IN_SECRET to it (not to its hash), or to a token"
    if error.code == 403 and error.headers.get_content_type() == "text/plain":
        return f"{url}: {error.read(1000).decode('utf-8', 'replace').strip()}"
    try:
        return f"{url}: {json.load(error)['error']}"
    except (ValueError, KeyError, TypeError):
        return f"{url} answered {error.code}; is it a Footfall collector?"


def report_from_files(settings: Settings, query: Mapping[str, str]) -> dict[str, Any]:
    """The report from the files of a collector that is not running. Raises ReportError."""
    # Late: a report that another collector makes should not pay for the stores.
    from ..access.changes import AnnotationList
    from ..admit import load_catalogues
    from ..answer import Answers, FilterError, Filters, SavedSegments
    from ..runtime import Status
    from ..show.report import build_report
    from ..store import StoreError, open_store

    if settings.store == "duckdb" and not (settings.data / "store").is_dir():
        raise ReportError(f"{settings.data} has no collector's data: name the directory with --data, or --url")
    catalogues, now = load_catalogues(settings.products), datetime.now(UTC)
    try:
        store = open_store(settings, catalogues, Status(), "")
        try:
            filters = Filters.parse(query, now, catalogues, segments=SavedSegments(settings.data))
            answers = Answers(store, catalogues, annotations=AnnotationList(settings.data))
            report: dict[str, Any] = msgspec.to_builtins(build_report(answers, filters, now))
            return report
        finally:
            store.close()
    except (FilterError, StoreError) as error:
        raise ReportError(str(error)) from None
