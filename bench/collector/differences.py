"""How often `/api/explain` names what was planted where calls take longer, or where calls or instances become more.

python -m bench.collector.differences [FLEETS]

Each fleet is judged once for each kind. The tables go into bench/RESULTS.md.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

if not __package__:  # run as a file, so that only its folder is on the path
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from bench.results import Section, publish, table
from collector.tests.show.statistics.planted_store import PlantedStore
from footfall_collector.answer import Filters
from footfall_collector.show.explain import Explanation, explain_segments, explain_spike
from tests.oracle import growth, slowdowns
from tests.oracle.fleet import Fleet

FLEETS, FIRST = 12, 100
"""How many, and the first seed."""
SLOW = {"client": slowdowns.CLIENT, "provider": slowdowns.PROVIDER, "tool": slowdowns.TOOL, "release": "1.12.0"}
KINDS = {"tool": "day", "release": "version"}
"""A tool that is slow since a day is one that all calls of it are since that day."""
TITLES = {
    ("median", "client"): "median duration: calls of a client are 2.5 times as long",
    ("median", "provider"): "median duration: those of an AI provider",
    ("median", "tool"): "median duration: those of a tool",
    ("median", "release"): "median duration: those of a release",
    ("median", "nothing"): "median duration: nothing",
    ("calls", "client"): "calls: a new client brings about half of them",
    ("calls", "tool"): "calls: everybody calls a tool six times in a row",
    ("calls", "version"): "calls: three times as many instances run a release",
    ("instances", "version"): "instances: the same",
    ("calls", "even"): "calls: twice as many instances, like the others",
    ("instances", "even"): "instances: the same growth of everything",
    ("calls", "busy"): "calls: two instances call all day long",
    ("calls", "nothing"): "calls: nothing",
    ("instances", "nothing"): "instances: nothing",
}


class Judged(NamedTuple):
    """A measure of a fleet with something planted, what should be named, and what is."""

    measure: str
    kind: str
    wanted: tuple[tuple[str, str], ...]
    named: tuple[tuple[str, str], ...]


def judged(seed: int) -> Iterator[Judged]:
    fleet = Fleet(instances=240, days=35, seed=seed, calm=True)
    events = list({event.uuid: event for event in fleet.events()}.values())
    with TemporaryDirectory() as directory:
        slow = PlantedStore(Path(directory), fleet, events, slowdowns.SLOWDOWNS)
        for kind in slowdowns.SLOWDOWNS:
            slow.add_slow(kind, slowdowns.factors(fleet, events, kind))
            wanted = ((KINDS.get(kind, kind), SLOW[kind]),) if kind in SLOW else ()
            yield Judged("median", kind, wanted, _named(_slow_explained(slow, fleet, kind)))
        slow.close()
    with TemporaryDirectory() as directory:
        grown = PlantedStore(Path(directory), fleet, [], growth.GROWTH)
        for kind, plant in growth.GROWTH.items():
            grown.add_events(kind, plant(fleet, events))
            wanted = ((kind, growth.VALUES[kind]),) if kind in growth.VALUES else ()
            for measure in ("calls", "instances"):
                if (measure, kind) in TITLES:
                    found = explain_spike(grown.answers, _week(kind, fleet), measure=measure)
                    yield Judged(measure, kind, wanted, _named(found))
        grown.close()


def _slow_explained(store: PlantedStore, fleet: Fleet, kind: str) -> Explanation:
    if kind != "release":
        return explain_spike(store.answers, _week(kind, fleet), measure="median")
    start, end = (datetime.fromtimestamp(at, UTC) for at in (fleet.start, fleet.end))
    sides = [f"product_version:is:{slowdowns.RELEASE}"], [f"product_version:is_not:{slowdowns.RELEASE}"]
    return explain_segments(store.answers, Filters(kind, start, end), sides, measure="median")


def _week(product: str, fleet: Fleet) -> Filters:
    start, end = (datetime.fromtimestamp(at, UTC) for at in (growth.last_week(fleet), fleet.end))
    return Filters(product, start, end)


def _named(explanation: Explanation) -> tuple[tuple[str, str], ...]:
    """Kinds and values of the findings that are no shift of calls."""
    named = [each for each in explanation.findings if each.p_value is not None]
    return tuple((each.kind, each.value or ", ".join(each.tools)) for each in named)


def section(found: Sequence[Judged], fleets: int) -> Section:
    rows = []
    for (measure, kind), title in TITLES.items():
        of_kind = [each for each in found if (each.measure, each.kind) == (measure, kind)]
        right = sum(each.named == each.wanted for each in of_kind)
        others = sum(any(name not in each.wanted for name in each.named) for each in of_kind)
        rows.append((title, f"{right} of {len(of_kind)}", f"{others}"))
    method = (
        f"Seeded fleets of 240 instances over five weeks, {fleets} of them, none of which was looked at while the "
        "search was made. Instances come and go, are upgraded, and differ in how fast they are by a third. Something "
        "is planted into the last week, which is compared with the four before; a slow release is compared with all "
        "others. *Right*: what was planted is named and nothing else. *Others named*: fleets in which something else "
        "is named, even beside it. So few fleets show that it works, and not how rarely it fails."
    )
    command = "python -m bench.collector.differences"
    head = ("measure: planted", "right", "others named")
    return Section(
        "differences", "Causes of longer durations, and of more calls", command, table(head, rows), (method,)
    )


def main() -> None:
    fleets = int(sys.argv[1]) if sys.argv[1:] else FLEETS
    found = []
    for seed in range(FIRST, FIRST + fleets):
        for each in judged(seed):
            found.append(each)
            if each.named != each.wanted:
                print(f"fleet {seed}, {each.measure}: {each.wanted} is named {each.named}", file=sys.stderr, flush=True)
        print(f"fleet {seed} is judged", file=sys.stderr, flush=True)
    publish(section(found, fleets))


if __name__ == "__main__":
    main()
