"""The costliest bodies that a search finds: none of them holds the event loop, and sent without end they stop no one.

A short search that is the same every time, and the kept finds of long ones; with SOAK=1 almost an hour of new ones.
"""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.attacks.bodies.loop_cost import LoopCost, measuring
from tests.attacks.bodies.search import Worst, kept, search, steady_cost
from tests.attacks.harness import MIB, SOAK, assert_unharmed, attacked_collector, measure
from tests.attacks.parties.claims import Party, at_most

EXAMPLES = 30
SOAK_SECONDS = 50 * 60
MAX_HONEST_BATCHES = 40
"""The longest part of any request, in batches of a hundred honest events: about 20 ms on a slow machine."""
FINDS = kept()


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopCost]:
    with measuring(tmp_path_factory.mktemp("measured")) as made:
        yield made


def allowed(measured: LoopCost) -> float:
    return MAX_HONEST_BATCHES * measured.honest


@at_most(Party.NETWORK, "without a key: send the costliest known bodies, each of which holds nobody up")
@pytest.mark.parametrize("name", FINDS)
@pytest.mark.parametrize("keyed", [False, True], ids=["no key", "valid key"])
def test_no_kept_find_holds_the_event_loop(measured: LoopCost, name: str, keyed: bool) -> None:
    """A body that an earlier search has found holds the event loop, and with it everyone's acknowledgements."""
    cost = steady_cost(measured, replace(FINDS[name], keyed=keyed), allowed(measured))
    assert cost.longest <= allowed(measured), f"{cost.longest * 1e3:.1f} ms at once: {FINDS[name]}"


@at_most(Party.NETWORK, "without a key: search for a costlier body")
@pytest.mark.timeout(2 * SOAK_SECONDS if SOAK else 300)
def test_no_search_finds_a_body_that_holds_the_event_loop(measured: LoopCost) -> None:
    """Some body, of any encoding and structure, holds the event loop, and with it everyone's acknowledgements."""
    worst, number, began = Worst(), 0, time.monotonic()
    search(measured, worst, EXAMPLES, None, allowed(measured))
    while SOAK and time.monotonic() - began < SOAK_SECONDS:
        number += 1
        search(measured, worst, EXAMPLES, number, allowed(measured))
    ranked = worst.ranked()
    print("\n".join(f"{seconds * 1e3:.1f} ms: {recipe}" for seconds, recipe in ranked[:8]))
    assert ranked
    assert ranked[0][0] <= allowed(measured), f"{ranked[0][0] * 1e3:.1f} ms at once: {ranked[0][1]}"


@at_most(Party.NETWORK, "without a key: send them without end at a megabyte a second, and stop nobody")
@pytest.mark.parametrize("keyed", [False, True], ids=["no key", "valid key"])
def test_the_finds_sent_without_end_stop_no_one(tmp_path: Path, keyed: bool) -> None:
    """One peer sends the costliest bodies at a megabyte a second, and honest senders wait, or memory grows."""
    requests = [replace(recipe, keyed=keyed).request() for recipe in FINDS.values()]
    with attacked_collector(tmp_path) as collector:
        quiet = measure(collector, seconds=2)
        attack = measure(collector, requests, seconds=300 if SOAK else 5, rate=MIB, connections=20)
    print(f"quiet: {quiet}\nattack: {attack}")
    assert_unharmed(quiet, attack)
    refused = sum(count for status, count in attack.attacker.items() if status >= 400)
    assert refused > attack.attacker[200], attack
