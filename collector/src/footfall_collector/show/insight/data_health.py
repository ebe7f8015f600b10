"""The data-health page: what came in, what was refused or dropped and why, how far behind the store is."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from ...answer import Answers, Filters, version_key
from ...runtime import Status, count
from .periods import EARLIEST
from .records import records

REFUSED = ("requests_refused", "events_refused", "properties_dropped")
_WHAT = {
    "requests_refused": "request refused",
    "events_refused": "event refused",
    "properties_dropped": "property dropped",
}
VERSION_DAYS = 30
_ALARMS = {
    "journal_failing": "The journal can't be written",
    "loader_failing": "The store can't be written",
    "disk_low": "The disk is nearly full",
}


def token(status: Status) -> str:
    """Changes whenever events came into the store, and when another collector answers."""
    return f"{status.total('events_stored')}-{status.total('events_accepted')}"


def sentence(status: Status) -> str:
    """Whether the numbers can be trusted, in a sentence or two."""
    alarms = [text for name, text in _ALARMS.items() if status.value(name)]
    if alarms:
        return f"{{bad|{' and '.join(alarms)}}}: the collector's log says why. What was acknowledged is not lost."
    accepted, refused = status.total("events_accepted"), status.total("events_refused")
    if not accepted + refused:
        return "**No event** has come in since this collector started."
    text = f"**{accepted:,} of {count(accepted + refused, 'event')}** were accepted since this collector started"
    waiting = status.value("journal_waiting_bytes")
    state = "some wait to be loaded" if waiting else "**the charts are up to date**"
    return f"{text}; {state}."


def report(status: Status, answers: Answers, now: datetime) -> dict[str, Any]:
    """`{"facts": [{"id", "title", "value", "unit", "tone"}], "tables": [{"id", "title", "columns", "rows", "empty"}]}`.

    Counters are since the collector's start; versions and the last event are the store's.
    """
    snapshot = status.snapshot()
    counters, values = snapshot["counters"], snapshot["values"]
    tables = [_products(counters, answers, now), _refusals(counters), _versions(answers, now)]
    return {"facts": _facts(status, values, now), "tables": tables}


def _facts(status: Status, values: dict[str, float], now: datetime) -> list[dict[str, Any]]:
    accepted_at = values.get("accepted_timestamp_seconds")
    ago = None if accepted_at is None else max(0, round(now.timestamp() - accepted_at))
    found = [
        _fact("last", "Last accepted", ago, "ago"),
        _fact("accepted", "Events accepted", status.total("events_accepted")),
        _fact("stored", "Events stored", status.total("events_stored")),
        _fact("known", "Sent twice, counted once", status.total("events_known")),
        _fact("refused", "Events refused", status.total("events_refused")),
        _fact("dropped", "Properties dropped", status.total("properties_dropped")),
        _fact("requests", "Requests refused", status.total("requests_refused")),
        _fact("waiting", "Waiting for the store", int(values.get("journal_waiting_bytes", 0)), "bytes"),
    ]
    if damaged := status.total("journal_lines_damaged"):
        found.append(_fact("damaged", "Damaged journal lines", damaged, tone="bad"))
    alarms = [text for name, text in _ALARMS.items() if values.get(name)]
    return found + [_fact("alarm", text, "check the log", tone="bad") for text in alarms]


def _fact(name: str, title: str, value: float | str | None, unit: str = "", tone: str = "") -> dict[str, Any]:
    return {"id": name, "title": title, "value": value, "unit": unit, "tone": tone}


def _products(counters: list[dict[str, Any]], answers: Answers, now: datetime) -> dict[str, Any]:
    sums: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for counter in counters:
        sums[counter["product"]][counter["name"]] += counter["value"]
    names = ("events_accepted", "events_refused", "properties_dropped")
    return {
        "id": "products",
        "title": "Products",
        "columns": ["product", "last_event_(UTC)", "accepted", "refused", "properties_dropped"],
        "rows": [
            [product, _last_event(answers, product, now), *(sums[product][name] for name in names)]
            for product in answers.products()
        ],
        "empty": "This collector has no product.",
    }


def _last_event(answers: Answers, product: str, now: datetime) -> str | None:
    """`2026-11-25 15:00-16:00`, the hour of a product's last event; its day where that is older than two days.

    None where it has none.
    """
    recent = Filters(product, now - timedelta(hours=47), now + timedelta(seconds=1), internal="all")
    ever = Filters(product, EARLIEST, now + timedelta(days=1), internal="all")
    for filters in (recent, ever):
        moments = [str(row["day"]) for row in records(answers.chart("events", filters))]
        if moments:
            return _hour(max(moments))
    return None


def _hour(moment: str) -> str:
    """The hour that begins at `2026-11-25T15:00:00Z`, with its end; a day as it is."""
    if "T" not in moment:
        return moment
    begins = datetime.fromisoformat(moment)
    return f"{begins:%Y-%m-%d %H:%M}-{begins + timedelta(hours=1):%H:%M}"


def _versions(answers: Answers, now: datetime) -> dict[str, Any]:
    start = now - timedelta(days=VERSION_DAYS)
    rows = [
        [product, row["product_version"] or "not given", row["first_seen"], row["instances"], row["calls"]]
        for product in answers.products()
        for row in records(answers.releases(Filters(product, start, now + timedelta(seconds=1), internal="all")))
    ]
    return {
        "id": "versions",
        "title": "Versions",
        "columns": ["product", "version", "first_seen_(UTC)", "instances", "calls"],
        "rows": sorted(rows, key=lambda row: (row[0], version_key(row[1])), reverse=True),
        "empty": f"No version was seen in the last {VERSION_DAYS} days.",
    }


def _refusals(counters: list[dict[str, Any]]) -> dict[str, Any]:
    rows = [
        [_WHAT[counter["name"]], counter["reason"].replace("_", " "), counter["product"] or "any", counter["value"]]
        for counter in counters
        if counter["name"] in REFUSED
    ]
    return {
        "id": "refusals",
        "title": "Refused and dropped",
        "columns": ["what", "reason", "product", "count"],
        "rows": sorted(rows, key=lambda row: -row[3]),
        "empty": "Nothing was refused or dropped since the collector started.",
    }
