"""Names of peers: whatever a sender writes, the entry of the nearest proxy that is not trusted names it."""

import ipaddress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from footfall_collector.receive import Peers

PEERS = Peers(["10.0.0.0/8", "::ffff:192.168.0.0/112", "fd00::/8"], ["127.0.0.0/8", "::1/128", "203.0.113.0/24"])
PROXY = PEERS.name("10.0.0.1")
ADDRESSES = st.ip_addresses().filter(lambda address: not _trusted(address))
SPELLINGS = st.sampled_from(["{}", "[{}]", "[{}]:443", " {} ", "{}%eth0"])


def _trusted(address: Any) -> bool:
    mapped = getattr(address, "ipv4_mapped", None) or address
    return any(mapped in ipaddress.ip_network(net) for net in ("10.0.0.0/8", "192.168.0.0/16", "fd00::/8"))


@given(
    st.binary(max_size=200), ADDRESSES, SPELLINGS, st.lists(st.sampled_from(["10.9.9.9", "192.168.7.7", "fd00::1", ""]))
)
@example(b"127.0.0.1", ipaddress.ip_address("203.0.113.7"), "{}", ["10.1.1.1"])
def test_only_what_the_first_untrusted_hop_is_counts(
    written: bytes, address: Any, spelling: str, hops: list[str]
) -> None:
    chain = ",".join([spelling.format(address), *hops[:8]]).encode()
    name = PEERS.name_behind_proxy(PROXY, written + b"," + chain)
    assert name == PEERS.name_behind_proxy(PROXY, str(address).encode())
    assert name != PEERS.name_behind_proxy(PROXY, b"192.0.2.200" if str(address) != "192.0.2.200" else b"192.0.2.201")
    assert name[0] == "p"


@given(st.binary(max_size=400))
@example(b"127.0.0.1")
@example(b"[::1]")
@example(b"203.0.113.5, 10.0.0.1")
@example(b"," * 10_000)
@example(b"10.0.0.1," * 10_000)
def test_no_header_makes_a_peer_unlimited_or_a_proxy(header: bytes) -> None:
    assert PEERS.name_behind_proxy(PROXY, header)[0] == "p"


@pytest.mark.parametrize(
    "header",
    ["", ",", "unknown", "_hidden", "[::1", "1.2.3.4:http", "[::1]x", "1.2.3", "0x7f.1", "1" * 5000, "²"],
)
def test_a_proxy_that_names_no_address_is_the_peer(header: str) -> None:
    assert PEERS.name_behind_proxy(PROXY, header.encode("latin-1")) == "p" + PROXY[1:]


def test_a_network_of_ipv4_addresses_in_ipv6_form_is_the_ipv4_network() -> None:
    assert [PEERS.name(address)[0] for address in ("192.168.3.4", "::ffff:192.168.3.4", "192.169.0.1")] == [
        "x",
        "x",
        "p",
    ]
