"""Honest senders' acknowledgements while one peer attacks with a megabyte a second.

python bench/collector/attack.py                      about three minutes; writes bench/RESULTS.md
python bench/collector/attack.py --seconds 3 --dry    a quick look, nothing written

The attacker sends the costliest bodies that the search of tests/attacks has found, and some others, first without a
valid write key, then with one.
"""

import argparse
import gzip
import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

if not __package__:  # run as a file: only its folder is on the path then
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from bench.results import ROOT, Section, publish, table, versions
from tests.attacks.bodies.search import kept
from tests.attacks.harness import KEY, MIB, Measured, attacked_collector, honest_event, measure, request

SCRATCH = ROOT / ".artefacts"
MAX_P99_MS = {"without a valid key": 250.0, "with a valid key": 500.0}
MAX_MEMORY_MIB = 300.0
CONNECTIONS = 20
HOW = f"""One peer sends at 1 MiB/s over {CONNECTIONS} connections and ignores refusals; a collector with default
limits; another peer sends a batch of five events every 25 ms. A wait counts from the moment at which the request was
due. *Finds*: the costliest bodies that the search of tests/attacks has found, in turn. *Small requests*: batches of one
event. *Large batches*: 3,000 events in 30 kB of gzip. *Processor*: time of the collector and its worker per second.
*Memory*: the largest resident size of both together. Sender, attacker and collector share the processors."""


@dataclass(frozen=True)
class Attacked:
    """One attack: who attacks, with what, and what came of it."""

    party: str
    name: str
    measured: Measured


def attacks(key: str, *, keyed: bool) -> Mapping[str, Sequence[bytes]]:
    """Whole requests by the name of the attack."""

    def batch(events: int) -> bytes:
        body = json.dumps({"api_key": key, "batch": [honest_event() for _ in range(events)]}).encode()
        return request(gzip.compress(body), "Content-Encoding: gzip", "Content-Type: application/json")

    return {
        "finds": [replace(recipe, keyed=keyed).request() for recipe in kept().values()],
        "small requests": [batch(1) for _ in range(50)],
        "large batches": [batch(3000)],
    }


def attacked(seconds: float) -> list[Attacked]:
    """All attacks, each on a collector of its own."""
    results = []
    SCRATCH.mkdir(exist_ok=True)
    for party, key in (("without a valid key", "phc_guess"), ("with a valid key", KEY)):
        for name, requests in ({"none": ()} | dict(attacks(key, keyed=key == KEY))).items():
            with tempfile.TemporaryDirectory(dir=SCRATCH) as data, attacked_collector(Path(data)) as collector:
                measured = measure(collector, requests, seconds=seconds, rate=MIB, connections=CONNECTIONS)
            results.append(Attacked(party, name, measured))
            print(f"{party}, {name}: {measured}", file=sys.stderr)
    return results


def rows(results: Sequence[Attacked], seconds: float) -> list[tuple[str, ...]]:
    """The table's rows."""
    return [
        (
            f"{result.name}, {result.party}" if result.name != "none" else f"no attack, {result.party}",
            f"{measured.p99 * 1e3:.0f} ms",
            f"{measured.slowest * 1e3:.0f} ms",
            f"{measured.cpu_seconds / seconds:.0%}",
            f"{measured.resident / MIB:.0f} MiB",
            f"{sum(measured.attacker.values()) / seconds:,.0f}",
            f"{measured.attacker[429] / (sum(measured.attacker.values()) or 1):.0%}",
        )
        for result in results
        for measured in (result.measured,)
    ]


def bars(results: Sequence[Attacked]) -> str:
    """Which bars were kept."""
    judged = []
    for party, most in MAX_P99_MS.items():
        p99 = max(r.measured.p99 * 1e3 for r in results if r.party == party and r.name != "none")
        judged.append((p99 <= most, f"p99 at most {most:.0f} ms under attacks {party}", f"{p99:.0f} ms"))
    memory = max(r.measured.resident for r in results) / MIB
    judged.append((memory <= MAX_MEMORY_MIB, f"at most {MAX_MEMORY_MIB:.0f} MiB", f"{memory:.0f} MiB"))
    refused = sum(n for r in results for status, n in r.measured.honest.items() if status != 200)
    judged.append((not refused, "every honest request acknowledged", f"{refused} not"))
    return "Bars: " + "; ".join(f"{name}: {'kept' if held else 'MISSED'} ({value})" for held, name, value in judged)


def main() -> int:
    """See `--help`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20, help="of each attack [20]")
    parser.add_argument("--dry", action="store_true", help="print the result and write nothing")
    options = parser.parse_args()
    results = attacked(options.seconds)
    head = ("attack", "p99", "slowest", "processor", "memory", "requests/s", "of them 429")
    section = Section(
        "attack",
        "Acknowledgements under attack",
        "python bench/collector/attack.py",
        table(head, rows(results, options.seconds)),
        (f"{HOW} {options.seconds:.0f} s each.", bars(results)),
        versions("uvicorn", "uvloop", "msgspec"),
    )
    publish(section, is_dry=options.dry)
    return 0


if __name__ == "__main__":
    sys.exit(main())
