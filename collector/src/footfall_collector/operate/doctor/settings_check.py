"""Settings that can be read, and still don't do what an operator wants."""

import ipaddress
from collections.abc import Iterator
from pathlib import Path

from ...runtime import Settings
from .check import Check, action, note, ok


def settings_checks(settings: Settings) -> list[Check]:
    """At least one result."""
    return list(_findings(settings)) or [ok("settings", "they can be read, and fit together")]


def file_check(path: Path, started: float) -> list[Check]:
    """Whether the settings file is newer than the start (epoch seconds) of the collector that runs with it."""
    try:
        changed = path.stat().st_mtime
    except OSError:
        return []
    if changed <= started:
        return []
    return [action("settings", f"{path} was changed after the collector started", "restart it to use the change")]


def _findings(settings: Settings) -> Iterator[Check]:
    if everyone := [
        text for text in settings.trusted_proxies if ipaddress.ip_network(text, strict=False).prefixlen < 4
    ]:
        yield action(
            "settings",
            f"trusted_proxies has {', '.join(everyone)}: every sender can name any address as its own",
            "name the addresses of your proxies only",
        )
    if "*" in settings.allowed_hosts:
        text = "allowed_hosts has *: a page of any site can be at a name that leads here (DNS rebinding)"
        todo = "name the collector's own host names"
        yield note("settings", text, todo) if settings.sign_in_secret else action("settings", text, todo)
    if not settings.loopback and not settings.allowed_hosts and not settings.base_path:
        yield note(
            "settings",
            f"it listens on {settings.host}, and allowed_hosts names no host: only its own address is answered",
            "add the name by which readers, senders or a proxy reach it to allowed_hosts",
        )
    if settings.trusted_proxies and not settings.sign_in_secret:
        yield note(
            "settings",
            "it has a proxy and no sign-in secret: whoever reaches the proxy's path reads everything",
            "set FOOTFALL_SIGN_IN_SECRET, or let the proxy ask for a sign-in",
        )
    if not settings.disk_alarm_percent or not settings.disk_quota_percent:
        yield note(
            "settings",
            "disk_alarm_percent or disk_quota_percent is 0: nothing warns before the disk is full",
            "remove the setting, so that its default applies",
        )
