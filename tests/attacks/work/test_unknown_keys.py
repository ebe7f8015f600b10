"""Batches under keys that nobody added."""

import json
from pathlib import Path

from tests.attacks.harness import assert_unharmed, attacked_collector, honest_event, measure, request
from tests.attacks.parties.claims import Party, at_most

_GUESSES = [
    request(json.dumps({"api_key": f"phc_guess_{n}", "batch": [honest_event() for _ in range(20)]}).encode())
    for n in range(50)
]


@at_most(Party.NETWORK, "without a key: guess keys at a megabyte a second, and delay nobody")
def test_guesses_of_a_key_stop_no_one(tmp_path: Path) -> None:
    """A megabyte a second of batches under guessed keys delays the acknowledgements of others, or is admitted."""
    with attacked_collector(tmp_path) as collector:
        quiet = measure(collector, seconds=2)
        attack = measure(collector, _GUESSES, seconds=3)
    assert_unharmed(quiet, attack)
    assert set(attack.attacker) <= {401, 429}, attack
