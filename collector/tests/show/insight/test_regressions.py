"""Which tools got worse from one release to the next."""

import random
from collections import Counter

from footfall_collector.show.insight.regressions import FEW_CALLS, Version, one_before, regressions
from footfall_collector.show.insight.sentences import NBSP

RELEASES = ("2.0.0", "2.1.0", "2.2.0", "2.10.0")
TOOLS = [f"tool_{number}" for number in range(12)]
SEEDS = 16
Planted = set[tuple[str, str, str]]
"""Kind, version and tool."""


def fleet(seed: int, planted: Planted) -> dict[str, Version]:
    """Twelve tools over four releases. From a planted release on a tool fails three times as often, or takes 1.6 times
    as long; everything else stays as it is."""
    chance = random.Random(seed)
    usual = {tool: (chance.uniform(0.01, 0.08), chance.lognormvariate(7, 1.5)) for tool in TOOLS}
    versions = {}
    for index, version in enumerate(RELEASES):
        so_far = RELEASES[: index + 1]
        rates, durations = {}, {}
        for tool, (rate, typical) in usual.items():
            worse, longer = (any((kind, at, tool) in planted for at in so_far) for kind in ("errors", "duration"))
            calls = chance.randint(400, 3000)
            rates[tool] = (sum(chance.random() < rate * (3 if worse else 1) for _ in range(calls)), calls)
            middle = typical * (1.6 if longer else 1)
            durations[tool] = Counter(float(f"{middle * chance.lognormvariate(0, 0.8):.2g}") for _ in range(calls))
        versions[version] = Version(rates, durations)
    return versions


def test_planted_regressions_are_found_and_hardly_anything_else_is_flagged() -> None:
    found = false = planted_all = 0
    for seed in range(SEEDS):
        chance = random.Random(1000 + seed)
        tools = chance.sample(TOOLS, 6)
        kinds = ["errors", "duration"] * 3
        planted = {(kind, chance.choice(RELEASES[1:]), tool) for kind, tool in zip(kinds, tools, strict=True)}
        flags = {(flag["kind"], flag["version"], flag["tool"]) for flag in regressions(fleet(seed, planted))}
        planted_all += len(planted)
        found += len(flags & planted)
        false += len(flags - planted)
    assert planted_all == 6 * SEEDS
    assert found >= 0.95 * planted_all, f"{found} of {planted_all} found"
    assert false <= 0.05 * (found + false), f"{false} of {found + false} flags are false"


def test_where_nothing_changed_next_to_nothing_is_flagged() -> None:
    flagged = sum(bool(regressions(fleet(seed, set()))) for seed in range(SEEDS))
    assert flagged <= 3, f"in {flagged} of {SEEDS} fleets"


def test_a_flag_says_from_what_to_what_with_its_interval() -> None:
    old, new = Version({"query": (10, 1000)}), Version({"query": (60, 1200)})
    (flag,) = regressions({"2.1.0": old, "2.2.0": new})
    assert (flag["kind"], flag["version"], flag["before"], flag["tool"]) == ("errors", "2.2.0", "2.1.0", "query")
    assert 0 < flag["low"] < flag["now"] - flag["was"] < flag["high"]
    assert flag["text"].replace(NBSP, " ") == (
        "fails in 5 % of 1,200 calls, 1 % in 2.1.0: a rise by 2.6 to 5.5 percentage points (95 % interval)"
    )


def test_a_slower_tool_says_by_how_much_and_how_sure() -> None:
    old, new = ({"query": {100.0: 300, scale * 1000.0: 200}} for scale in (1, 2))
    new["query"] = {100.0: 100, 2000.0: 400}
    (flag,) = regressions({"2.1.0": Version({}, old), "2.2.0": Version({}, new)})
    assert (flag["kind"], flag["now"], flag["was"]) == ("duration", 2000.0, 100.0)
    assert 0.5 < flag["low"] < 0.86 < flag["high"]
    assert (
        flag["text"]
        .replace(NBSP, " ")
        .startswith("takes 2 s (median of 500 calls), 100 ms in 2.1.0: slower in 86 % of pairs (")
    )


def test_a_change_too_small_to_matter_is_not_flagged_however_sure_it_is() -> None:
    old, new = ({"query": {100.0: 50_000 + more, 101.0: 50_000 - more}} for more in (2000, -2000))
    assert regressions({"2.1.0": Version({}, old), "2.2.0": Version({}, new)}) == []


def test_a_tool_with_few_calls_is_never_flagged() -> None:
    few = FEW_CALLS - 1
    old = Version({"a": (0, 5000)}, {"a": {1.0: 5000}})
    new = Version({"a": (few, few)}, {"a": {9.0: few}})
    assert regressions({"1.0.0": old, "1.1.0": new}) == []


def test_a_release_is_compared_with_a_release_and_a_pre_release_with_whatever_precedes_it() -> None:
    all_of_them = ["1.12.0", "1.12.0-rc", "1.13.0", "2.0.0-beta", "2.0.0-rc", "2.0.0"]
    before = {version: one_before(version, all_of_them) for version in all_of_them}
    assert before == {
        "1.12.0-rc": None,
        "1.12.0": "1.12.0-rc",
        "1.13.0": "1.12.0",
        "2.0.0-beta": "1.13.0",
        "2.0.0-rc": "2.0.0-beta",
        "2.0.0": "1.13.0",
    }


def test_a_tool_that_a_release_hardly_used_is_compared_with_the_one_before_that() -> None:
    versions = {"1.0.0": Version({"a": (5, 900)}), "1.1.0": Version({"a": (0, 3)}), "1.2.0": Version({"a": (90, 900)})}
    (flag,) = regressions(versions)
    assert (flag["version"], flag["before"]) == ("1.2.0", "1.0.0")
