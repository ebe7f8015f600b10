"""Who a request comes from, as a name that tells nothing: a salted hash, made once per connection, in memory only.

A name is one letter and 16 hex digits. `p…` is a peer that the limits are for, `u…` one of `unlimited_peers`, `x…` a
proxy of `trusted_proxies`, whose X-Forwarded-For says who the peer is. The salt is new at each start and never kept,
so that a name can't be turned back into an address and two starts' names can't be joined.
"""

import hashlib
import ipaddress
import secrets
from collections.abc import Iterable

LIMITED, UNLIMITED, PROXY = "p", "u", "x"
_MOST_FORWARDED = 16
_HOST_BITS_V6 = 64
"""One subscriber has a whole /64 of IPv6 addresses: they count as one peer."""

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Networks = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]


class Peers:
    """Names peers.

    Args:
        trusted: networks of proxies.
        unlimited: networks that no limit is for.
    """

    def __init__(self, trusted: Iterable[str] = (), unlimited: Iterable[str] = ()) -> None:
        self._trusted, self._unlimited = _networks(trusted), _networks(unlimited)
        self._salt = secrets.token_bytes(16)

    def name(self, address: str) -> str:
        """The name of whoever has connected."""
        return self._name(_address(address), or_proxy=True)

    def behind(self, proxy: str, forwarded: bytes) -> str:
        """The name of whom a proxy speaks for: the last address in X-Forwarded-For that is no proxy of ours.

        What stands further left was written by the sender and counts for nothing. A proxy that names nobody is the
        peer itself.
        """
        last = None
        for part in reversed(forwarded.decode("latin-1").rsplit(",", _MOST_FORWARDED)):
            address = _address(part)
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


def _address(text: str) -> _Address | None:
    """An address as proxies write it, with or without a port; an IPv4 address inside an IPv6 one is the former."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if found.version == 6 else None
    return mapped or found
