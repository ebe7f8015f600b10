"""Heads of the largest size: none costs the event loop much more than a page does, whatever its headers hold."""

from pathlib import Path

from collector.tests.access.test_sign_in import SECRET
from tests.attacks.harness import cpu_seconds, exchange_once, request
from tests.attacks.parties.claims import Party, at_most
from tests.support.collector_process import start_collector

PEER = "127.0.0.66"
_SIZE = 31_000
"""A little below `max_header_bytes`."""
_MAX_CPU_SECONDS = 0.2
"""Per head. A page takes some milliseconds, and a quoted cookie took a second."""
_VALUES = {
    "Cookie": 'footfall_session="' + '\\"' * (_SIZE // 2) + '"',
    "Accept-Encoding": "a," * (_SIZE // 2),
    "Authorization": "Bearer " + "\\" * _SIZE,
    "X-Forwarded-For": "," * _SIZE,
}
_PATHS = ("/", "/sign-in", "/static/x/y", "/shared/x", "/public/dot-ai")


@at_most(
    Party.NETWORK, "without a sign-in: send heads of the largest size, each of which costs about as much as a page"
)
def test_no_head_costs_much_more_than_a_page(tmp_path: Path) -> None:
    """A cookie of quotes and backslashes stops the event loop for a second, at every path that a stranger reaches."""
    costs: dict[tuple[str, str], float] = {}
    with start_collector(tmp_path / "data", {"FOOTFALL_SIGN_IN_SECRET": SECRET}) as collector:
        for path in _PATHS:
            for name, value in _VALUES.items():
                before = cpu_seconds(collector)
                assert exchange_once(collector, PEER, request(b"", f"{name}: {value}", path=path, method="GET")).status
                costs[path, name] = cpu_seconds(collector) - before
    assert max(costs.values()) <= _MAX_CPU_SECONDS, sorted(costs.items(), key=lambda each: -each[1])[:5]
