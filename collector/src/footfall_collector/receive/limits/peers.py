"""Peer names: a salted hash of the sender's address, made once per connection, in memory only.

A name is one letter and 16 hex digits. `p…` is a peer that the limits apply to, `u…` one of `unlimited_peers`, `x…` a
proxy of `trusted_proxies`, whose X-Forwarded-For names the peer. Only a connection's own address can be unlimited: what
a header says of a peer never exempts it. The salt is new at each start and never stored: a
name can't be turned back into an address, and names of two starts can't be joined.
"""

import hashlib
import ipaddress
import re
import secrets
from collections.abc import Iterable

LIMITED, UNLIMITED, PROXY = "p", "u", "x"
_MAX_FORWARDED = 16
"""The entries that are read of X-Forwarded-For, from its end; a chain of more proxies than that has no use."""
_MAX_ADDRESS = 64
_MAPPED_PREFIX = 96
_HOST_BITS_V6 = 64
"""A subscriber has a whole /64 of IPv6 addresses, which counts as one peer."""

_PORT = re.compile(r":[0-9]{0,5}")

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
        parsed = _parse_address(address)
        if parsed is None:
            return LIMITED + "0" * 16
        if _within(parsed, self._trusted):
            return PROXY + self._hash(parsed)
        return (UNLIMITED if _within(parsed, self._unlimited) else LIMITED) + self._hash(parsed)

    def name_behind_proxy(self, proxy: str, forwarded: bytes) -> str:
        """The name of the peer behind a proxy: the last address in X-Forwarded-For that is not a trusted proxy.

        Addresses further left were written by the sender and are ignored. A proxy that names no address is itself
        the peer. The limits apply to the peer, whatever its address is.

        Args:
            proxy: the proxy's name.
            forwarded: all lines of the header as one list.
        """
        last = None
        for part in reversed(forwarded.decode("latin-1").rsplit(",", _MAX_FORWARDED)):
            # A list may have empty elements (RFC 9110, 5.6.1).
            if not (text := part.strip()):
                continue
            address = _parse_address(text)
            if address is None:
                break
            last = address
            if not _within(address, self._trusted):
                break
        return LIMITED + (proxy[1:] if last is None else self._hash(last))

    def _hash(self, address: _Address) -> str:
        packed = address.packed if address.version == 4 else address.packed[: _HOST_BITS_V6 // 8]
        return hashlib.blake2b(packed, key=self._salt, digest_size=8).hexdigest()


def _networks(texts: Iterable[str]) -> _Networks:
    return tuple(_unmapped(ipaddress.ip_network(text, strict=False)) for text in texts)


def _unmapped(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """A network of IPv4 addresses in IPv6 form as the IPv4 network: addresses are compared in this form."""
    mapped = network.network_address.ipv4_mapped if network.version == 6 else None
    if mapped is None or network.prefixlen < _MAPPED_PREFIX:
        return network
    return ipaddress.IPv4Network((mapped, network.prefixlen - _MAPPED_PREFIX))


def _within(address: _Address, networks: _Networks) -> bool:
    return any(address in network for network in networks)


def _parse_address(text: str) -> _Address | None:
    """An address as proxies write it, with or without a port; an IPv4 address in IPv6 form is the IPv4 address."""
    if len(text) > _MAX_ADDRESS:
        return None
    bare = text.strip()
    if bare.startswith("["):
        bare, bracket, port = bare[1:].partition("]")
        if not bracket or (port and not _PORT.fullmatch(port)):
            return None
    elif bare.count(":") == 1:
        bare, _, port = bare.partition(":")
        if not _PORT.fullmatch(f":{port}"):
            return None
    try:
        address = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if address.version == 6 else None
    return mapped or address
