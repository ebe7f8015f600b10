"""The output once the collector listens: a few lines on stdout, or objects in a JSON log."""

import logging
from urllib.parse import urlsplit

from ..runtime import EXTRA_KEYS, WILDCARD_HOSTS, Settings

_log = logging.getLogger(__name__)


def greeting_lines(settings: Settings, address: str, first_key: str = "") -> list[str]:
    """Lines with the address, the dashboard and the data directory; none where the log is JSON and has them.

    `address`: `http://host:port`; `first_key`: a sentence about the first write key, empty where there is a key.
    """
    dashboard, data = f"{_local_address(settings, address)}{settings.base_path}/", settings.data.absolute()
    if settings.log_format == "json":
        needs_sign_in = bool(settings.sign_in_secret)
        fields = {"address": address, "dashboard": dashboard, "data": str(data), "sign_in": needs_sign_in}
        _log.info("Footfall is listening on %s and keeps its data in %s", address, data, extra={EXTRA_KEYS: fields})
        if first_key:
            _log.info("%s", first_key)
        return []
    gate = "sign-in needed" if settings.sign_in_secret else "no sign-in needed on this machine"
    return [
        f"Footfall is listening on {address}",
        f"  dashboard: {dashboard} ({gate}); events go to the same address",
        *([f"  {_remote_access(settings)}"] if settings.host in WILDCARD_HOSTS else []),
        *([f"  {first_key}"] if first_key else []),
        f"  data: {data}; Ctrl-C stops",
    ]


def _local_address(settings: Settings, address: str) -> str:
    """The address for a browser on this machine: a wildcard address is in no Host header."""
    return f"http://127.0.0.1:{urlsplit(address).port}" if settings.host in WILDCARD_HOSTS else address


def _remote_access(settings: Settings) -> str:
    if settings.allowed_hosts:
        return f"from elsewhere: by the names of allowed_hosts ({', '.join(settings.allowed_hosts)}), no others"
    return "from elsewhere: not yet; set allowed_hosts to the name that others reach it by"
