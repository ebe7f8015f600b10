"""What arrives at a running collector: Hosts, proxies, write keys, and what was refused and why."""

import ipaddress
from collections.abc import Iterator, Mapping, Sequence

from ...receive import Gate, WriteKey, WriteKeys
from ...runtime import Settings, Status, quantity
from .check import Check, action, note, ok

_MAX_NAMES = 5
_PROXY_TODO = (
    "add the proxy's address to trusted_proxies; without a proxy, some sender writes the header, which is harmless"
)
_TODO_OF_REFUSALS = {
    "peer_requests": "name a proxy in trusted_proxies, or raise peer_requests_per_minute",
    "peer_events": "name a proxy in trusted_proxies, or raise peer_events_per_minute",
    "peer_work": "name a proxy in trusted_proxies, or raise peer_cpu_seconds_per_minute and peer_bytes_per_minute",
    "too_many_instances": "name a proxy in trusted_proxies, or raise new_instances_per_hour",
    "body_too_large": "let the sender send smaller batches, or raise max_body_bytes",
    "large_head": "let the proxy add fewer headers, or raise max_header_bytes",
    "too_slow": "look at the connection between senders and the collector, or raise body_seconds",
    "busy": "give the collector more memory or processors, or raise max_waiting_bytes",
    "no_key": "set the write key in the sender (api_key)",
}
_CHECKED_ELSEWHERE = ("unknown_key", "host", "disk_quota", "journal_unavailable")


def host_checks(gate: Gate) -> list[Check]:
    """The Host headers that came: those that are answered, and those that are refused."""
    answered, refused = gate.hosts.answered(), dict(gate.refused_hosts)
    findings = []
    if refused:
        number = sum(refused.values())
        text = f"{quantity(number, 'request')} for {_names(sorted(refused, key=lambda name: -refused[name]))} refused"
        todo = (
            "add a name that is yours to allowed_hosts, or let the proxy pass the browser's Host; others are strangers'"
        )
        wanted = any(map(_may_be_ours, refused)) or not answered
        findings.append((action if wanted else note)("hosts", text, todo))
    if answered:
        findings.append(ok("hosts", f"answered since the start: {_names(answered)}"))
    return findings or [ok("hosts", "no request has come since the start")]


def _may_be_ours(host: str) -> bool:
    """Whether a Host may be a name of this collector; scanners of the internet write its address, or nothing."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    try:
        return not ipaddress.ip_address(name.strip("[]")).is_global
    except ValueError:
        return not name.startswith("(")


def proxy_check(gate: Gate, settings: Settings) -> Check:
    """The proxies that requests come through."""
    seen = dict(gate.proxy_alarm.requests)
    if seen["untrusted"]:
        text = (
            f"{quantity(seen['untrusted'], 'request')} named another sender and came from no proxy of trusted_proxies"
        )
        return (action if gate.proxy_alarm.raised() else note)("proxies", text, _PROXY_TODO)
    unnamed = seen["unread"] or (seen["bare"] and not seen["forwarded"])
    if unnamed:
        text = "requests of trusted_proxies come without X-Forwarded-For: all behind the proxy share the limits of one"
        todo = "let the proxy add it (nginx: proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for)"
        return action("proxies", text, todo)
    if seen["forwarded"]:
        return ok(
            "proxies", f"{quantity(seen['forwarded'], 'request')} came through trusted_proxies, each with its sender"
        )
    if settings.trusted_proxies:
        return note("proxies", "no request has come through trusted_proxies since the start", "check their addresses")
    return ok("proxies", "no request names another sender")


def key_checks(keys: Sequence[WriteKey], now: str, settings: Settings) -> list[Check]:
    """The write keys: whether each product has one. `now`: RFC 3339."""
    findings, accepted = [], [key for key in keys if key.accepted_at(now)]
    for product in settings.products:
        if not any(key.product == product for key in accepted):
            todo = f"footfall-collector keys add --product {product} KEY"
            findings.append(action("keys", f"{product} has no write key that is accepted", todo))
    for key in accepted:
        if key.product not in settings.products:
            todo = f"footfall-collector keys revoke {key.key}, or add [products.{key.product}] to footfall.toml"
            findings.append(action("keys", f"a write key is for {key.product}, which is no product here", todo))
        elif key.revoked:
            todo = "update the servers that still send with it"
            findings.append(note("keys", f"the write key {key.key[:8]}… of {key.product} ends at {key.revoked}", todo))
    return findings or [ok("keys", f"{quantity(len(accepted), 'write key')} accepted; every product has one")]


def live_key_checks(keys: WriteKeys, status: Status, settings: Settings) -> list[Check]:
    findings = key_checks(keys.all(), keys.timestamp(), settings)
    if keys.awaited_product:
        text = "there is no write key; the first one that comes within first_key_seconds of a start is taken"
        findings = [action("keys", text, "footfall-collector keys add, or start a server that sends its key")]
    if unknown := status.total("requests_refused", reason="unknown_key"):
        text = f"{quantity(unknown, 'request')} refused since the start, whose write key is not known"
        todo = "footfall-collector keys add with the key of your servers; any stranger can send another one"
        findings.append(action("keys", text, todo))
    return findings


def refusal_checks(status: Status) -> list[Check]:
    """What was refused, by reason, and what does not fit the catalogue."""
    findings, unnamed = [], []
    for reason, number in _by_reason(status, "requests_refused"):
        if reason in _CHECKED_ELSEWHERE:
            continue
        text = f"{quantity(number, 'request')} refused: {reason.replace('_', ' ')}"
        if todo := next((todo for word, todo in _TODO_OF_REFUSALS.items() if reason.startswith(word)), ""):
            findings.append(note("refused", text, todo))
        else:
            unnamed.append(text)
    for reason, number in _by_reason(status, "events_refused"):
        unnamed.append(f"{quantity(number, 'event')} refused: {reason.replace('_', ' ')}")
    for product, reason, number, _, _ in status.versions("catalogue_misfits")[:_MAX_NAMES]:
        text = f"{quantity(number, 'event')} of {product} had something that does not fit its catalogue: {reason}"
        todo = f"add it to the catalogue of {product}, and give the collector the new one (`catalogue`)"
        findings.append(note("catalogue", text, todo))
    if unnamed:
        findings.append(note("refused", "; ".join(unnamed), "the data-health page explains each"))
    return findings or [ok("refused", "nothing was refused since the start")]


def _by_reason(status: Status, name: str) -> Iterator[tuple[str, int]]:
    numbers: dict[str, int] = {}
    for counter in status.snapshot()["counters"]:
        if counter["name"] == name:
            numbers[counter["reason"]] = numbers.get(counter["reason"], 0) + counter["value"]
    return iter(sorted(numbers.items(), key=lambda pair: -pair[1]))


def _names(names: Sequence[str] | Mapping[str, int]) -> str:
    shown = list(names)
    more = f" and {len(shown) - _MAX_NAMES} more" if len(shown) > _MAX_NAMES else ""
    return ", ".join(shown[:_MAX_NAMES]) + more
