"""The data-health page: events that came in, refusals and drops by reason, and how far behind the store is."""

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ...answer import EARLIEST, LATEST, Answers, EventsUnreadableError, Filters, version_key
from ...runtime import Status, quantity
from ..insight import EN_DASH, Cell, known_versions, rows_as_dicts
from .alert_rows import alert_rows
from .health_answer import DataHealth, HealthFact, HealthTable
from .one_product import only_product
from .other_values import other_values
from .stored_days import HISTORY_DAYS, StoredEvents, day_rows, stored_events

REFUSAL_KINDS = {
    "requests_refused": "request refused",
    "events_refused": "event refused",
    "properties_dropped": "property dropped",
}
"""The counters of refusals, and the word for one of each."""
VERSION_DAYS = 30
_NO_VERSION = "not given"
MOST_BEHIND_SECONDS, MOST_AHEAD_SECONDS = 60, 3600
"""Beyond these, a lag of the store or of the clock is shown as bad."""


def change_token(status: Status) -> str:
    """A text that changes when events are loaded, and when another collector answers."""
    return f"{status.total('events_stored')}-{status.total('events_accepted')}"


def health_sentence(status: Status, stored: StoredEvents | None = None, product: str | None = None) -> str:
    """Whether the numbers can be trusted, in one or two sentences; `stored` counts earlier processes too.

    `product`: whose events are counted; None for those of all.
    """
    alarms = [alarm.sentence for alarm in status.alarms()]
    if alarms:
        text = f"{{bad|{' and '.join(alarms)}}}: the collector's log says why."
        return text if status.gauge("events_lost") else f"{text} No acknowledged event was lost."
    accepted, refused = status.total("events_accepted", product), status.total("events_refused", product)
    if not accepted + refused:
        nothing = "**No event** has come in since this collector started."
        if stored is None or not stored.events:
            return nothing
        return f"{nothing} The store has **{quantity(stored.events, 'event')}**, the last of {stored.last}."
    text = f"**{accepted:,} of {quantity(accepted + refused, 'event')}** were accepted since this collector started"
    waiting = status.gauge("journal_waiting_bytes")
    state = "some wait to be loaded" if waiting else "**the charts are up to date**"
    return f"{text}; {state}."


def data_health(status: Status, answers: Answers, now: datetime, product: str | None = None) -> DataHealth:
    """Counters are since the collector's start; versions and the last event are read from the store.

    `product`: the only one of which something is said; None for all.
    """
    snapshot = status.snapshot()
    counters, values = snapshot["counters"], snapshot["values"]
    if product is not None:
        answers = only_product(answers, product)
        counters = [counter for counter in counters if counter["product"] == product]
    tables = [_alert_entries(status, product), _products(counters, answers, now), _refusals(counters)]
    tables += [_misfits(status, product), _others(answers), _days(answers, now), _versions(answers, now)]
    facts = [*_facts(status, values, now, product), *_stored(values, answers, now), *_alarms(status, values)]
    return DataHealth([*facts, *_future_events(values, answers, now)], tables)


def _stored(values: dict[str, float], answers: Answers, now: datetime) -> list[HealthFact]:
    """What the store has, how far it is behind, and whether the clock can be trusted."""
    stored = stored_events(answers, now)
    behind = round(max(values.get("loader_lag_seconds", 0), values.get("journal_lag_seconds", 0)))
    ahead = max(0, round(now.timestamp() - values.get("trusted_timestamp_seconds", now.timestamp())))
    return [
        HealthFact("in_store", "Events in the store", stored.events),
        HealthFact("first_day", "First day with events (UTC)", stored.first),
        HealthFact("behind", "Store behind by", behind, "seconds", "bad" if behind > MOST_BEHIND_SECONDS else ""),
        HealthFact(
            "clock", "Clock ahead of trusted time", ahead, "seconds", "bad" if ahead > MOST_AHEAD_SECONDS else ""
        ),
    ]


def _future_events(values: dict[str, float], answers: Answers, now: datetime) -> list[HealthFact]:
    """Events that a wrong clock stamped: later than today by the time that is trusted."""
    today = datetime.fromtimestamp(values.get("trusted_timestamp_seconds", now.timestamp()), UTC)
    tomorrow = today.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    days: list[tuple[str, int]] = []
    for product in answers.products():
        rows = rows_as_dicts(answers.chart("events", Filters(product, tomorrow, LATEST, internal="all")))
        days += [(str(row["day"])[:10], int(row["events"])) for row in rows]
    if not days:
        return []
    first, last = min(days)[0], max(days)[0]
    text = f"{sum(events for _, events in days):,} from {first} to {last}; a range that begins there shows them"
    return [HealthFact("future", "Events stamped in the future", text, tone="bad")]


def _facts(status: Status, values: dict[str, float], now: datetime, product: str | None) -> list[HealthFact]:
    accepted_at = values.get("accepted_timestamp_seconds")
    seconds_ago = None if accepted_at is None else max(0, round(now.timestamp() - accepted_at))

    def counted(id: str, title: str, name: str) -> HealthFact:  # noqa: A002 - as HealthFact has it
        return HealthFact(id, title, status.total(name, product))

    return [
        HealthFact("last", "Last accepted", seconds_ago, "ago"),
        counted("accepted", "Events accepted", "events_accepted"),
        counted("stored", "Events stored", "events_stored"),
        counted("known", "Sent twice, counted once", "events_known"),
        counted("refused", "Events refused", "events_refused"),
        counted("dropped", "Properties dropped", "properties_dropped"),
        counted("requests", "Requests refused", "requests_refused"),
        HealthFact("waiting", "Waiting for the store", int(values.get("journal_waiting_bytes", 0)), "bytes"),
    ]


def _alarms(status: Status, values: dict[str, float]) -> list[HealthFact]:
    """What is not as it should be; nothing on a healthy collector."""
    facts = []
    if folded := int(values.get("values_folded", 0)):
        facts.append(HealthFact("folded", "Values shown as other", folded))
    if damaged := status.total("journal_lines_damaged"):
        facts.append(HealthFact("damaged", "Damaged journal lines", damaged, tone="bad"))
    if lost := int(values.get("events_lost", 0)):
        facts.append(HealthFact("lost", "Acknowledged events lost", lost, tone="bad"))
    facts += [HealthFact("damaged_file", sentence, None, tone="bad") for sentence in status.damage]
    return facts + [HealthFact("alarm", alarm.sentence, "check the log", tone="bad") for alarm in status.alarms()]


def _alert_entries(status: Status, shown: str | None) -> HealthTable:
    return HealthTable(
        id="alerts",
        title="Alerts",
        columns=["begin_(UTC)", "end_(UTC)", "product", "alert", "found", "sent"],
        rows=alert_rows(status, shown),
        empty="No rule has found anything in the last 90 days.",
    )


def _products(counters: list[dict[str, Any]], answers: Answers, now: datetime) -> HealthTable:
    sums: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for counter in counters:
        sums[counter["product"]][counter["name"]] += counter["value"]
    names = ("events_accepted", "events_refused", "properties_dropped")
    return HealthTable(
        id="products",
        title="Products",
        columns=["product", "last_event_(UTC)", "accepted", "refused", "properties_dropped"],
        rows=[
            [product, _last_event(answers, product, now), *(sums[product][name] for name in names)]
            for product in answers.products()
        ],
        empty="This collector has no product.",
    )


def _last_event(answers: Answers, product: str, now: datetime) -> str | None:
    """The hour of a product's last event, such as that from 15:00 to 16:00; its day where that is over two days ago.

    None where the product has no event.
    """
    recent = Filters(product, now - timedelta(hours=47), now + timedelta(seconds=1), internal="all")
    all_events = Filters(product, EARLIEST, now + timedelta(days=1), internal="all")
    for filters in (recent, all_events):
        try:
            moments = [str(row["day"]) for row in rows_as_dicts(answers.chart("events", filters))]
        except EventsUnreadableError:
            continue  # the day is known without raw events
        if moments:
            return _hour(max(moments))
    return None


def _hour(moment: str) -> str:
    """The hour that begins at `2026-11-25T15:00:00Z`, with its end; a day stays a day."""
    if "T" not in moment:
        return moment
    begins = datetime.fromisoformat(moment)
    return f"{begins:%Y-%m-%d %H:%M}{EN_DASH}{begins + timedelta(hours=1):%H:%M}"


def _days(answers: Answers, now: datetime) -> HealthTable:
    return HealthTable(
        id="days",
        title="Events by day",
        columns=["day_(UTC)", "events", "internal", "instances"],
        rows=day_rows(answers, now),
        empty=f"No event of the last {HISTORY_DAYS} days is in the store.",
    )


def _versions(answers: Answers, now: datetime) -> HealthTable:
    start, end = now - timedelta(days=VERSION_DAYS), now + timedelta(seconds=1)
    rows: list[list[Cell]] = []
    for product in answers.products():
        filters = Filters(product, start, end, internal="all")
        versions = rows_as_dicts(answers.releases(filters))
        # The day that the comparison of releases names, even if it is earlier than these days.
        ever = {
            **known_versions(answers, filters).first_seen,
            **known_versions(answers, replace(filters, internal="hide")).first_seen,
        }
        for row in sorted(versions, key=lambda row: version_key(row["product_version"] or _NO_VERSION), reverse=True):
            version = row["product_version"] or _NO_VERSION
            rows.append([product, version, ever.get(version, row["first_seen"]), row["instances"], row["calls"]])
    return HealthTable(
        id="versions",
        title="Versions",
        columns=["product", "version", "first_seen_(UTC)", "instances", "calls"],
        rows=rows,
        empty=f"No version was active in the last {VERSION_DAYS} days.",
    )


def _refusals(counters: list[dict[str, Any]]) -> HealthTable:
    refusals = [counter for counter in counters if counter["name"] in REFUSAL_KINDS]
    return HealthTable(
        id="refusals",
        title="Refused and dropped",
        columns=["what", "reason", "product", "count"],
        rows=[
            [
                REFUSAL_KINDS[counter["name"]],
                counter["reason"].replace("_", " "),
                counter["product"] or "any",
                counter["value"],
            ]
            for counter in sorted(refusals, key=lambda counter: -counter["value"])
        ],
        empty="Nothing was refused or dropped since the collector started.",
    )


def _misfits(status: Status, shown: str | None) -> HealthTable:
    return HealthTable(
        id="misfits",
        title="Does not fit the catalogue",
        columns=["product", "what", "events", "since_(UTC)", "versions"],
        rows=[
            [product, reason, number, f"{datetime.fromtimestamp(since, UTC):%Y-%m-%d %H:%M}", _range(versions)]
            for product, reason, number, since, versions in status.versions("catalogue_misfits")
            if shown in (None, product)
        ],
        empty="Everything that came in since the collector started fits the catalogues.",
    )


def _others(answers: Answers) -> HealthTable:
    return HealthTable(
        id="other",
        title="Only known as other",
        columns=["product", "what", "values", "since_(UTC)", "versions", "line_to_add"],
        rows=[
            [
                each.product,
                f"{each.event or 'every event'}.{each.property}",
                each.values,
                each.since,
                _range([version.version or _NO_VERSION for version in each.versions]),
                each.add,
            ]
            for each in other_values(answers).properties
        ],
        empty="No stored value is other.",
    )


def _range(versions: list[str]) -> str:
    """Up to three versions; the oldest, the newest and the number of more: the page's width is limited."""
    ordered = sorted((version for version in versions if version != _NO_VERSION), key=version_key)
    none = [_NO_VERSION] if _NO_VERSION in versions else []
    if len(ordered) > 3:
        ordered = [f"{ordered[0]} to {ordered[-1]} ({len(ordered)})"]
    return ", ".join([*ordered, *none])
