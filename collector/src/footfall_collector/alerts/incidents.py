"""Incidents: findings become begin and end, one message each, and a recurrence within the quiet time is no new one."""

from collections.abc import Collection, Mapping, Sequence

from .alert_file import AlertsContent, Delivery, Incident
from .rule_options import RuleOptions
from .rules import AlertFinding

KEPT_SECONDS = 90 * 86_400
MAX_SENT_A_DAY = 5
"""Messages of one rule and product in 24 hours: whoever can send events could otherwise fill a channel."""
_DAY, _HOUR = 86_400, 3600


def note_findings(
    content: AlertsContent,
    findings: Sequence[AlertFinding],
    judged: Collection[tuple[str, str]],
    options: Mapping[str, RuleOptions],
    channels: Sequence[str],
    now: float,
) -> list[Incident]:
    """Begin, continue and end incidents; those that began are returned.

    Args:
        content: is changed.
        findings: what was found.
        judged: (rule, product) of everything that was judged; incidents of others stay as they are.
        options: of the rules.
        channels: IDs of the channels that get a message.
        now: epoch seconds.
    """
    begun = []
    for finding in findings:
        quiet_seconds = options[finding.rule].quiet_hours * _HOUR
        known = _current(content, finding.key, now)
        if known is None:
            begun.append(_begin(content, finding, channels, now, quiet_seconds))
        else:
            known.seen, known.end = now, None
            known.sentence, known.numbers = finding.sentence, dict(finding.numbers)
    keys = {finding.key for finding in findings}
    for incident in content.incidents:
        if incident.end is None and incident.key not in keys and (incident.rule, incident.product) in judged:
            incident.end = max(incident.begin, incident.seen)
    content.incidents[:] = [each for each in content.incidents if each.end is None or each.end > now - KEPT_SECONDS]
    return begun


def _current(content: AlertsContent, key: tuple[str, str, str], now: float) -> Incident | None:
    """The incident that goes on, or that ended within its quiet time."""
    for incident in reversed(content.incidents):
        if incident.key == key and (incident.end is None or now < incident.quiet_until):
            return incident
    return None


def _begin(
    content: AlertsContent, finding: AlertFinding, channels: Sequence[str], now: float, quiet_seconds: float
) -> Incident:
    same = [each for each in content.incidents if each.key[:2] == finding.key[:2] and each.begin > now - _DAY]
    sent = sum(any(delivery.state != "quiet" for delivery in each.deliveries) for each in same)
    incident = Incident(
        id=f"{finding.rule}-{finding.product or 'collector'}-{int(now)}-{len(same)}",
        rule=finding.rule,
        product=finding.product,
        subject=finding.subject,
        sentence=finding.sentence[:4000],
        numbers=dict(finding.numbers),
        begin=now,
        seen=now,
        end=None,
        quiet_until=now + quiet_seconds,
        deliveries=[Delivery(channel, "quiet" if sent >= MAX_SENT_A_DAY else "waiting") for channel in channels],
    )
    content.incidents.append(incident)
    return incident
