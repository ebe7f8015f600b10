"""What is said once the collector listens: three lines on stdout, or one object of the log where that is JSON."""

import logging
from urllib.parse import urlsplit

from ..runtime import EXTRA_KEYS, WILDCARD_HOSTS, Settings

_log = logging.getLogger(__name__)


def greeting_lines(settings: Settings, address: str) -> list[str]:
    """Lines that say where it listens, where its dashboard is and where its data; none where the log says it.

    Args:
        settings: of the collector.
        address: as `http://host:port`.
    """
    dashboard, data = f"{_answering(settings, address)}/", settings.data.absolute()
    if settings.log_format == "json":
        told = {"address": address, "dashboard": dashboard, "data": str(data), "sign_in": bool(settings.sign_in_secret)}
        _log.info("Footfall is listening on %s and keeps its data in %s", address, data, extra={EXTRA_KEYS: told})
        return []
    gate = "sign-in needed" if settings.sign_in_secret else "no sign-in needed on this machine"
    return [
        f"Footfall is listening on {address}",
        f"  dashboard: {dashboard} ({gate}); events go to the same address",
        *([f"  {_from_elsewhere(settings)}"] if settings.host in WILDCARD_HOSTS else []),
        f"  data: {data}; Ctrl-C stops",
    ]


def _answering(settings: Settings, address: str) -> str:
    """The address that a browser on this machine can use: no Host header names a wildcard."""
    return f"http://127.0.0.1:{urlsplit(address).port}" if settings.host in WILDCARD_HOSTS else address


def _from_elsewhere(settings: Settings) -> str:
    if settings.allowed_hosts:
        return f"from elsewhere: by the names of allowed_hosts ({', '.join(settings.allowed_hosts)}), no others"
    return "from elsewhere: not yet; set allowed_hosts to the name that others reach it by"
