"""Peer names: a salted hash of the sender's address, made once per connection, in memory only.

A name is one letter and 16 hex digits. `p…` is a peer that the limits apply to, `u…` one of `unlimited_peers`, `x…` a
proxy of `trusted_proxies`, whose X-Forwarded-For names the peer. The salt is new at each start and never stored: a
name can't be turned back into an address, and names of two starts can't be joined.
"""

import hashlib
import ipaddress
import secrets
from collections.abc import Iterable

LIMITED, UNLIMITED, PROXY = "p", "u", "x"
_MAX_FORWARDED = 16
_HOST_BITS_V6 = 64
"""A subscriber has a whole /64 of IPv6 addresses, which counts as one peer."""

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Networks = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]


class Peers:
    """Names peers.

    Args:
        trusted: networks of proxies.
        unlimited: networks without limits.
    """

    def __init__(self, trusted: Iterable[str] = (), unlimited: Iterable[str] = ()) -> None:
        self._trusted, self._unlimited = _networks(trusted), _networks(unlimited)
        self._salt = secrets.token_bytes(16)

    def name(self, address: str) -> str:
        """The name of the peer that a connection comes from, which may be a proxy."""
        return self._name(_parse_address(address), or_proxy=True)

    def name_behind_proxy(self, proxy: str, forwarded: bytes) -> str:
        """The name of the peer behind a proxy: the last address in X-Forwarded-For that is not a trusted proxy.

        Addresses further left were written by the sender and are ignored. A proxy that names no address is itself
        the peer.
        """
        last = None
        for part in reversed(forwarded.decode("latin-1").rsplit(",", _MAX_FORWARDED)):
            address = _parse_address(part)
            if address is None:
                break
            last = address
            if not _within(address, self._trusted):
                break
        return LIMITED + proxy[1:] if last is None else self._name(last, or_proxy=False)

    def _name(self, address: _Address | None, *, or_proxy: bool) -> str:
        if address is None:
            return LIMITED + "0" * 16
        if or_proxy and _within(address, self._trusted):
            kind = PROXY
        else:
            kind = UNLIMITED if _within(address, self._unlimited) else LIMITED
        packed = address.packed if address.version == 4 else address.packed[: _HOST_BITS_V6 // 8]
        return kind + hashlib.blake2b(packed, key=self._salt, digest_size=8).hexdigest()


def _networks(texts: Iterable[str]) -> _Networks:
    return tuple(ipaddress.ip_network(text, strict=False) for text in texts)


def _within(address: _Address, networks: _Networks) -> bool:
    return any(address in network for network in networks)


def _parse_address(text: str) -> _Address | None:
    """An address as proxies write it, with or without a port; an IPv4 address in IPv6 form is the IPv4 address."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if address.version == 6 else None
    return mapped or address
