"""What a host's address and a write key may look like. Imported only where a product has a key or another host.

A problem is the end of a sentence that begins with the name of the setting. It never repeats the value, which may hold
a password.
"""

import re

MAX_ADDRESS = 2048
MAX_KEY = 64
_SECRET_KEYS = {
    "phx_": "a personal key",
    "phs_": "a secure API key",
    "pha_": "an access token",
    "phr_": "a refresh token",
}
"""PostHog's keys that are secrets; a write key is public."""
_KEY = re.compile(r"[A-Za-z0-9_.\-]+", re.ASCII)
"""What PostHog's keys are made of, and all that a Footfall collector accepts."""
_ADDRESS = re.compile(r"(https?)://([^/?#\\]*)([^?#]*)", re.IGNORECASE)
_AUTHORITY = re.compile(r"(\[[^\[\]]*\]|[^\[\]:@]*)(?::([^\[\]@]*))?")
_PATH = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/\-]|%[0-9A-Fa-f]{2})*")
_NAME = re.compile(r"[A-Za-z0-9_\-.]+")
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")


class AddressError(ValueError):
    """An address that can't be used. The message is the end of a sentence and does not repeat the address."""


def normal_address(address: str) -> str:
    """An HTTP address in its one form: scheme and host in lower case, no `/` at the end.

    Raises:
        AddressError: no request could be sent to it, or it holds a user name, a password, a query or a fragment.
    """
    if len(address) > MAX_ADDRESS:
        raise AddressError(f"is longer than {MAX_ADDRESS:,} characters")
    match = _ADDRESS.match(address)
    if match is None or not match[2]:
        raise AddressError("must be an http:// or https:// address")
    scheme, authority, path = match[1].lower(), match[2], match[3].rstrip("/")
    if "@" in authority:
        raise AddressError("holds a user name or a password, which an address can't have here")
    if match.end() < len(address):
        raise AddressError("has a `?` or a `#`; an address ends with its path")
    host, port = _host_and_port(authority)
    if not _PATH.fullmatch(path):
        raise AddressError("has a character in its path that must be written with %")
    if any(part.replace("%2e", ".").replace("%2E", ".") in (".", "..") for part in path.split("/")):
        raise AddressError("has a `.` or `..` in its path")
    path = re.sub("%[0-9A-Fa-f]{2}", lambda escape: escape[0].upper(), path)
    return f"{scheme}://{host}{port}{path}"


def key_problem(key: str) -> str:
    """Why a write key can't be one; empty where it may be."""
    for prefix, kind in _SECRET_KEYS.items():
        if key.lower().startswith(prefix):
            return f"is {kind} ({prefix}...), which is secret; use the project's key (phc_...)"
    if not _KEY.fullmatch(key):
        return (
            "has a character that no key has: a key is made of ASCII letters, digits, `_`, `-` and `.`; copy it again"
        )
    return f"is longer than {MAX_KEY} characters: it is no write key" if len(key) > MAX_KEY else ""


def _host_and_port(authority: str) -> tuple[str, str]:
    """The host in lower case, and the port with its colon; empty where the address has none."""
    match = _AUTHORITY.fullmatch(authority)
    if match is None or not match[1]:
        raise AddressError("must be an http:// or https:// address: its host or port is not complete")
    port = match[2] or ""
    if port and not (re.fullmatch("[0-9]{1,5}", port) and 1 <= int(port) <= 65535):
        raise AddressError("must have a port from 1 to 65535")
    return _host(match[1]), f":{int(port)}" if port else ""


def _host(host: str) -> str:
    if host.startswith("["):
        return _ip_v6(host[1:-1])
    host = host.lower() if host.isascii() else _ascii_host(host)
    labels = host.removesuffix(".").split(".")
    if not _NAME.fullmatch(host) or len(host) > 253 or not all(0 < len(label) < 64 for label in labels):
        raise AddressError("has a host that no computer can be named")
    if _NUMBER.fullmatch(labels[-1]) and not _is_ip_v4(host):
        raise AddressError("has a host of numbers that is no IP address")
    return host


def _ip_v6(text: str) -> str:
    from ipaddress import IPv6Address  # imported late: most hosts are names

    try:
        if "%" not in text:
            IPv6Address(text)
            return f"[{text.lower()}]"
    except ValueError:
        pass
    raise AddressError("has brackets that hold no IPv6 address")


def _is_ip_v4(host: str) -> bool:
    from socket import inet_aton  # imported late: most hosts are names

    try:
        inet_aton(host)
    except (OSError, ValueError):
        return False
    return True


def _ascii_host(host: str) -> str:
    """An international name in its `xn--` form, where that form means no other name."""
    try:
        encoded = host.encode("idna")
        if encoded.decode("idna") == host.lower():
            return encoded.decode().lower()
    except UnicodeError:
        pass
    raise AddressError("has a host with characters beyond ASCII; write it in its `xn--` form")
