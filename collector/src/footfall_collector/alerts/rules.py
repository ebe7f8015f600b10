"""The rules: each judges numbers and returns what it finds. Pure functions, without a clock, a store or a state."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ..answer import version_key
from ..runtime import quantity
from ..show.insight import code, format_percent
from .observations import CollectorNumbers, ProductNumbers
from .rule_options import RuleOptions
from .usual_range import DayCount, Usual, usual_on

DISK_ALARMS = ("disk_low", "disk_quota_reached")
ERROR_WINDOWS = (3, 6, 24)
"""Hours up to now in which errors are compared with the usual share."""
ERROR_DEVIATION, ERROR_FACTOR, ERROR_SPREAD = 6.0, 1.5, 0.15
INSTANCE_DEVIATION, INSTANCE_CHANGE, INSTANCE_SPREAD = 3.5, 0.25, 0.04
INSTANCE_DISPERSION = 0.3
"""Most instances are active every day, so their number scatters less than one of independent events."""
MIN_ERROR_INSTANCES = 3
"""One instance in a loop is no incident of a product."""
REFUSED_SHARE = 0.1
LATE_SECONDS = 3600
"""A day is judged this long after its end: events of its last minutes may still be on their way."""
MAX_NAMED = 3
OTHER = "other"
_DAY, _HOUR = 86_400, 3600


@dataclass(frozen=True)
class AlertFinding:
    """What a rule found.

    Attributes:
        subject: tells findings of one rule and product apart.
        sentence: with its full stop; `code` is markup.
        numbers: what the sentence says.
    """

    rule: str
    product: str
    subject: str
    sentence: str
    numbers: Mapping[str, float]

    @property
    def key(self) -> tuple[str, str, str]:
        return self.rule, self.product, self.subject


def judge_product(
    numbers: ProductNumbers, options: Mapping[str, RuleOptions], open_rules: Collection[str], uptime: float
) -> list[AlertFinding]:
    """The findings of all rules about a product.

    Args:
        numbers: of the product.
        options: of all rules.
        open_rules: rules with an incident of this product that goes on.
        uptime: seconds since this collector started: before an hour, missing events may be its own absence.
    """
    findings = [
        *_regressions(numbers, options["regression"].minimum),
        *_error_rate(numbers, options["error-rate"].minimum),
        *_active_instances(numbers, options["active-instances"].minimum),
        *_new_error_classes(numbers, options["new-error-class"].minimum),
    ]
    if uptime >= _HOUR:
        findings += _no_events(numbers, options["no-events"].minimum, "no-events" in open_rules)
    return [finding for finding in findings if options[finding.rule].is_on]


def judge_collector(numbers: CollectorNumbers, options: Mapping[str, RuleOptions]) -> list[AlertFinding]:
    """The findings about the collector itself."""
    findings = [*_alarms(numbers), *_refusals(numbers, options["refusals"].minimum)]
    return [finding for finding in findings if options[finding.rule].is_on]


def _regressions(numbers: ProductNumbers, minimum: int) -> Iterator[AlertFinding]:
    """One finding for each version, whatever the number of its tools.

    The smallest number is of the calls of all of them: a bug of three tools shows in few calls of each. Each is beyond
    chance already.
    """
    regressions = numbers.regressions or ()
    for version in sorted({each.version for each in regressions}, key=version_key):
        tools = [each for each in regressions if each.version == version]
        if sum({each.tool: each.calls for each in tools}.values()) < minimum:
            continue
        sentences = [f"In {code(version)}, {code(each.tool)} {each.text}." for each in tools[:MAX_NAMED]]
        if len(tools) > MAX_NAMED:
            sentences.append(f"{quantity(len(tools) - MAX_NAMED, 'more comparison')} got worse.")
        first = tools[0]
        figures = {"now": first.now, "was": first.was, "low": first.low, "high": first.high, "calls": first.calls}
        yield AlertFinding("regression", numbers.product, version, " ".join(sentences), figures)


def _error_rate(numbers: ProductNumbers, minimum: int) -> Iterator[AlertFinding]:
    history = [DayCount(each.day, each.errors, each.calls) for each in numbers.days]
    usual = usual_on(numbers.today_day, history, level_days=14, spread=ERROR_SPREAD, min_dispersion=1.0)
    if usual is None or max((each.instances for each in numbers.classes), default=0) < MIN_ERROR_INSTANCES:
        return
    for hours in ERROR_WINDOWS:
        begin = numbers.now - hours * _HOUR
        calls = sum(each.calls for each in numbers.hours if each.begin > begin - _HOUR)
        errors = sum(each.errors for each in numbers.hours if each.begin > begin - _HOUR)
        if errors < minimum or errors < ERROR_FACTOR * usual.rate * calls:
            continue
        if usual.deviation(errors, calls) >= ERROR_DEVIATION:
            yield _errors_found(numbers, hours, calls, errors, usual)
            return


def _errors_found(numbers: ProductNumbers, hours: int, calls: int, errors: int, usual: Usual) -> AlertFinding:
    rate = errors / calls
    weekday = datetime.fromtimestamp(numbers.now, UTC).strftime("%A")
    frequent = sorted(numbers.classes, key=lambda each: -each.errors)[:MAX_NAMED]
    names = ", ".join(f"{code(each.name)} of {code(each.tool)}" for each in frequent)
    sentence = (
        f"In the last {hours} hours {format_percent(rate)} of {quantity(calls, 'call')} failed; "
        f"{format_percent(usual.rate)} are usual on a {weekday}. Most frequent since yesterday: {names}."
    )
    figures = {"rate": rate, "usual": usual.rate, "calls": calls, "errors": errors, "hours": hours}
    return AlertFinding("error-rate", numbers.product, "", sentence, figures)


def _active_instances(numbers: ProductNumbers, minimum: int) -> Iterator[AlertFinding]:
    """The last whole day; today too, where it has more instances than a whole day."""
    today, days = numbers.today_day, numbers.days
    if numbers.now % _DAY < LATE_SECONDS:
        # Yesterday is not judged yet, and can't stand for what is usual today.
        return
    if found := _instances_found(numbers, today, numbers.today, minimum, may_fall=False):
        yield found
    elif days and days[-1].day == today - 1:
        found = _instances_found(numbers, days[-1].day, days[-1].instances, minimum, may_fall=True)
        if found:
            yield found


def _instances_found(
    numbers: ProductNumbers, day: int, active: int, minimum: int, *, may_fall: bool
) -> AlertFinding | None:
    history = [DayCount(each.day, each.instances) for each in numbers.days if each.day < day]
    usual = usual_on(day, history, level_days=7, spread=INSTANCE_SPREAD, min_dispersion=INSTANCE_DISPERSION)
    if usual is None or max(usual.rate, active) < minimum:
        return None
    deviation, change = usual.deviation(active), active / max(usual.rate, 1.0) - 1
    if abs(deviation) < INSTANCE_DEVIATION or abs(change) < INSTANCE_CHANGE or (change < 0 and not may_fall):
        return None
    moment = datetime.fromtimestamp(day * _DAY, UTC)
    sentence = (
        f"{quantity(active, 'instance')} {'was' if active == 1 else 'were'} active on {moment:%A, %Y-%m-%d}; about "
        f"{usual.rate:,.0f} are usual on that weekday."
    )
    figures = {"active": active, "usual": round(usual.rate, 1)}
    return AlertFinding("active-instances", numbers.product, "fewer" if change < 0 else "more", sentence, figures)


def _no_events(numbers: ProductNumbers, minimum: int, is_open: bool) -> Iterator[AlertFinding]:
    """Instances are counted, not events: thirty events of one instance are no habit."""
    yesterday, week_ago = numbers.usual_hour
    if numbers.last_hour or (min(yesterday, week_ago) < minimum and not is_open):
        return
    begin, end = (datetime.fromtimestamp(at, UTC) for at in (numbers.now - _HOUR, numbers.now))
    sentence = (
        f"No event came from {begin:%H:%M} to {end:%H:%M} UTC; in the same hour "
        f"{quantity(yesterday, 'instance')} sent events yesterday and {week_ago:,} a week ago."
    )
    yield AlertFinding("no-events", numbers.product, "", sentence, {"yesterday": yesterday, "week_ago": week_ago})


def _new_error_classes(numbers: ProductNumbers, minimum: int) -> Iterator[AlertFinding]:
    """Classes of tools that were called before: every class of a new tool is new."""
    if len(numbers.days) < 7:
        return
    for each in numbers.classes:
        known = (each.tool, each.name) in numbers.known_classes
        if known or each.name == OTHER or each.tool not in numbers.known_tools or each.instances < minimum:
            continue
        sentence = (
            f"{code(each.tool)} fails with {code(each.name)}, for the first time in 90 days: "
            f"{quantity(each.errors, 'error')} in {quantity(each.instances, 'instance')}."
        )
        figures = {"errors": each.errors, "instances": each.instances}
        yield AlertFinding("new-error-class", numbers.product, f"{each.tool} {each.name}"[:300], sentence, figures)


def _alarms(numbers: CollectorNumbers) -> Iterator[AlertFinding]:
    for name, sentence in numbers.alarms.items():
        yield AlertFinding("disk" if name in DISK_ALARMS else "collector", "", name, f"{sentence}.", {})


def _refusals(numbers: CollectorNumbers, minimum: int) -> Iterator[AlertFinding]:
    for product, counts in numbers.refusals.items():
        whole = counts.accepted + counts.refused
        if counts.refused < max(1, minimum) or counts.refused < REFUSED_SHARE * whole:
            continue
        noun = "event" if product else "request"
        sentence = (
            f"{quantity(counts.refused, noun)} {'was' if counts.refused == 1 else 'were'} refused in the last hour, "
            f"and {quantity(counts.accepted, 'event')} accepted; the data-health page has the reasons."
        )
        figures = {"refused": counts.refused, "accepted": counts.accepted}
        yield AlertFinding("refusals", product, "", sentence, figures)
