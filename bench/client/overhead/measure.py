"""One process of the measurement: calls alternate between a plain server and an instrumented one.

python -m bench.client.overhead.measure --sdk mcp2 --era 2026-07-28 --calls 5000 --sink URL --directory DIR footfall

Prints one JSON object: `plain`, the median of microseconds that a plain call takes; `over`, the quartiles of the
differences between an instrumented call and the adjacent plain one; `untouched`, whether the client sees no difference.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from random import Random
from time import perf_counter_ns
from typing import Any

from bench.client.overhead.hosts import SDKS, Ask, answered, connected, make, seen_by_client
from bench.client.overhead.subjects import SUBJECTS, Surroundings, stay_on_loopback

WARM_UP_CALLS = 200
SEED = 1


def balanced(names: list[str]) -> list[str]:
    """An order in which, when repeated, every name follows every name (itself included) equally often.

    A call that leaves caches cold slows down the next one; this order spreads that cost evenly.
    """
    pairs_left = {name: [*(other for other in names if other != name), name] for name in names}
    # Hierholzer's algorithm: an Eulerian circuit of the graph in which every name points at every name.
    path, order = [names[0]], []
    while path:
        onward = pairs_left[path[-1]]
        if onward:
            path.append(onward.pop())
        else:
            order.append(path.pop())
    return order[:-1]


async def timed(calls: dict[str, Ask], count: int) -> dict[str, list[int]]:
    """The duration of each call in nanoseconds, at least `count` calls per name."""
    names, chance = list(calls), Random(SEED)
    order = [names.index(name) for name in balanced(names)]
    took: dict[str, list[int]] = {name: [] for name in names}
    while len(took["plain"]) < count:
        # Shuffle in every round, so that periodic work such as garbage collection affects all names alike.
        chance.shuffle(names)
        for place in order:
            name = names[place]
            call = calls[name]
            began = perf_counter_ns()
            result = await call()
            took[name].append(perf_counter_ns() - began)
            if not answered(result):
                raise RuntimeError(f"{name}: the tool's answer is lost: {result!r}")
    return took


def settle() -> None:
    """Pin the process to one processor and raise its priority there; the latter needs root."""
    try:
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except (OSError, AttributeError):
        print("measure: at ordinary priority, so on a busy machine the figures are noisy", file=sys.stderr)


@dataclass
class Measured:
    """Durations in nanoseconds, plain first, and whether both servers' clients see the same."""

    took: dict[str, list[int]]
    untouched: bool

    def summary(self) -> dict[str, Any]:
        """Microseconds, to hundredths."""
        plain, watched = self.took.values()
        differences = [one - other for one, other in zip(watched, plain, strict=True)]
        return {
            "plain": _microseconds(statistics.median(plain)),
            "over": [_microseconds(ns) for ns in statistics.quantiles(differences, n=4)],
            "untouched": self.untouched,
        }


def _microseconds(ns: float) -> float:
    return round(ns / 1000, 2)


async def run(options: argparse.Namespace) -> Measured:
    """Make the servers, plain first, connect a client to each, warm up, measure, and deliver the remaining events."""
    around = Surroundings(options.sink, options.directory, options.calls)
    watched = {
        name: SUBJECTS[name](options.sdk, lambda: make(options.sdk), around) for name in ("plain", options.subject)
    }
    async with AsyncExitStack() as stack:
        sessions = {
            name: await stack.enter_async_context(connected(options.sdk, options.era, server))
            for name, (server, _) in watched.items()
        }
        seen = {name: await seen_by_client(session) for name, session in sessions.items()}
        calls = {name: session.call for name, session in sessions.items()}
        await timed(calls, WARM_UP_CALLS)
        took = await timed(calls, options.calls)
    for _, finish in watched.values():
        await asyncio.to_thread(finish)
    return Measured(took, seen[options.subject] == seen["plain"])


def main() -> int:
    """Measure what was asked for and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sdk", choices=SDKS, required=True)
    parser.add_argument("--era", required=True)
    parser.add_argument("--calls", type=int, default=5000)
    parser.add_argument("--sink", required=True)
    parser.add_argument("--directory", required=True)
    parser.add_argument("subject", choices=[name for name in SUBJECTS if name != "plain"])
    options = parser.parse_args()
    stay_on_loopback()
    settle()
    print(json.dumps(asyncio.run(run(options)).summary()), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
