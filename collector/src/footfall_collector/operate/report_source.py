"""The data of a report: from a collector at an address, or from the data directory while no collector runs."""

import http.client
import json
import re
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
_ADDRESS = re.compile(r"(?i)https?://([\w.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?(/[^\s?#]*)?")


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
    if not _ADDRESS.fullmatch(url):
        raise ReportError(f"--url {url} is no address; write one such as http://127.0.0.1:8765")
    path = urllib.parse.quote(f"{url.rstrip('/')}/api/report", safe="/:[]%!$&'()*+,;=@~")
    headers = {"accept": "application/json"}
    if secret:
        # A header is Latin-1 for urllib; these are the bytes of UTF-8.
        headers["authorization"] = f"Bearer {secret}".encode().decode("latin-1")
    request = urllib.request.Request(f"{path}?{urllib.parse.urlencode(query)}", headers=headers)  # noqa: S310 - checked
    opener = urllib.request.build_opener(_NoRedirects, urllib.request.HTTPSHandler(context=_tls_context(ca)))
    try:
        with opener.open(request, timeout=_TIMEOUT_SECONDS) as response:
            report: dict[str, Any] = json.load(response)
            return report
    except urllib.error.HTTPError as error:
        raise ReportError(_refusal_sentence(url, error)) from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise ReportError(_failure_sentence(url, getattr(error, "reason", error))) from None


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The secret goes to the address that the user named, and to no other."""

    def redirect_request(self, *_: object) -> None:
        return None


def _failure_sentence(url: str, error: object) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate_sentence(url, error)
    if isinstance(error, ssl.SSLError):
        return f"no TLS answers at {url} ({error.reason}): write http:// where the collector has none"
    if isinstance(error, (ValueError, http.client.HTTPException)) and not isinstance(error, OSError):
        return f"what answers at {url} is no collector ({type(error).__name__}): give its address with --url"
    strerror = error.strerror if isinstance(error, OSError) else None
    return f"no collector answers at {url} ({strerror or type(error).__name__}): give its address with --url"


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
    if 300 <= error.code < 400:
        place = urllib.parse.urljoin(url, error.headers.get("location", "")).partition("/api/report")[0]
        return f"{url} leads to {place!r}, and the secret was not sent there: give that address with --url"
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
