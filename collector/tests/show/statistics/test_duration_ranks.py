"""A release that takes longer is told apart from a slow day, a slow client and a slow instance."""

import os
import random
from collections import Counter, defaultdict

import pytest

from footfall_collector.show.insight.regressions import VersionUsage
from footfall_collector.show.insight.slower_tools import slower_tools
from footfall_collector.show.statistics import DurationCell, compare_by_rank

OLD, NEW = "2.2.0", "2.3.0"
SEEDS = 20 if os.environ.get("SOAK") else 8
CALM = ("nothing", "outage", "outage after everybody's upgrade", "client", "client's bug", "provider", "instance")
SLOW = ("release", "release beside an outage", "release that everybody takes at once")


def calls(plant: str, seed: int) -> list[DurationCell]:
    """The calls of one tool in sixty instances, each of which takes a release some day, and something that is planted.

    An outage slows a quarter of a day's calls, those of six hours, by ten times.
    """
    chance = random.Random(f"durations/{plant}/{seed}")
    days = 6 if "everybody's" in plant else 18
    outage = days - 2 if "everybody's" in plant else days // 2
    cells = []
    for number in range(60):
        client = "cursor" if number % 3 == 0 else "claude-code"
        provider = chance.choice(("anthropic", "openai"))
        own = chance.lognormvariate(0, 0.25)
        upgrade = days // 2 if "everybody" in plant else chance.randrange(4, days - 2)
        if plant == "client" and client == "cursor":
            upgrade = 3  # its users are the first to take a release
        for day in range(days):
            version = NEW if day >= upgrade else OLD
            many = 150 if plant == "instance" and number == 7 else chance.randint(2, 6)
            for _ in range(many):
                scale = own
                if "outage" in plant and day == outage and chance.random() < 0.25:
                    scale *= 10
                if plant.startswith("client") and client == "cursor" and (plant == "client" or day >= days // 2):
                    scale *= 3
                if plant == "provider" and provider == "openai" and day >= days // 2:
                    scale *= 3
                if plant == "instance" and number == 7 and version == NEW:
                    scale *= 5
                if plant in SLOW and version == NEW:
                    scale *= 1.7
                value = float(f"{300 * scale * chance.lognormvariate(0, 0.6):.2g}")
                cells.append(DurationCell(day, version, client, provider, str(number), value, 1))
    return cells


def usage(cells: list[DurationCell]) -> dict[str, VersionUsage]:
    values: defaultdict[str, Counter[float]] = defaultdict(Counter)
    for cell in cells:
        values[cell.version][cell.value] += int(cell.calls)
    return {version: VersionUsage({}, {"query": durations}) for version, durations in values.items()}


def flagged(plant: str) -> list[int]:
    """The fleets in which the release is said to be slower."""
    fleets = {seed: calls(plant, seed) for seed in range(SEEDS)}
    return [seed for seed, cells in fleets.items() if slower_tools(usage(cells), lambda *_: {"query": cells})]  # noqa: B023 - used at once


@pytest.mark.parametrize("plant", CALM)
def test_what_slows_all_versions_is_no_release(plant: str) -> None:
    assert len(flagged(plant)) <= SEEDS // 20


@pytest.mark.parametrize("plant", SLOW)
def test_a_slow_release_is_named(plant: str) -> None:
    assert len(flagged(plant)) >= 0.95 * SEEDS


@pytest.mark.parametrize("plant", ["outage after everybody's upgrade", "client", "client's bug", "instance"])
def test_the_planted_causes_make_all_calls_of_a_release_slower(plant: str) -> None:
    """Otherwise the tests above would try nothing."""
    slower = 0
    for seed in range(SEEDS):
        sides = usage(calls(plant, seed))
        ranks = compare_by_rank(sides[NEW].durations["query"], sides[OLD].durations["query"])
        slower += ranks.share >= 0.55 and ranks.p_value < 0.001
    assert slower >= SEEDS / 4


def test_one_instance_hides_no_slow_release() -> None:
    cells = calls("release", 1)
    hiding = [DurationCell(day, OLD, "cursor", "openai", "invented", 90_000.0, 20) for day in range(18)]
    assert slower_tools(usage(cells), lambda *_: {"query": [*cells, *hiding]})


def test_what_cannot_be_read_by_instance_is_not_named() -> None:
    assert slower_tools(usage(calls("release", 1)), lambda *_: {}) == []
