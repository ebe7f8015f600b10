"""Releases against the one before."""

import random
from datetime import date

from footfall_collector.show.releases import FEW_CALLS, adopted, judge, regressions
from footfall_collector.show.sentences import NBSP
from footfall_collector.show.versions import is_release, is_version, version_key

VERSIONS = ("2.0.0", "2.1.0", "2.2.0", "2.10.0")


def seeded_rates(seed: int, planted: set[tuple[str, str]]) -> dict[str, dict[str, tuple[int, int]]]:
    """Error counts of twelve tools over four versions; from a planted version on, a tool fails three times as often."""
    chance = random.Random(seed)
    usual = {f"tool_{n}": chance.uniform(0.01, 0.08) for n in range(12)}
    rates: dict[str, dict[str, tuple[int, int]]] = {}
    for index, version in enumerate(VERSIONS):
        rates[version] = {}
        for tool, rate in usual.items():
            worse = any((at, tool) in planted for at in VERSIONS[: index + 1])
            calls = chance.randint(400, 4000)
            rates[version][tool] = (sum(chance.random() < rate * (3 if worse else 1) for _ in range(calls)), calls)
    return rates


def test_planted_regressions_are_found_and_hardly_anything_else_is_flagged() -> None:
    found = false = planted_all = 0
    for seed in range(25):
        chance = random.Random(1000 + seed)
        planted = {(chance.choice(VERSIONS[1:]), f"tool_{n}") for n in chance.sample(range(12), 4)}
        flags = {(flag["version"], flag["tool"]) for flag in regressions(seeded_rates(seed, planted))}
        planted_all += len(planted)
        found += len(flags & planted)
        false += len(flags - planted)
    assert found >= 0.95 * planted_all
    assert false <= 0.05 * (found + false)


def test_a_flag_says_from_what_to_what_with_its_interval() -> None:
    (flag,) = regressions({"2.1.0": {"query": (10, 1000)}, "2.2.0": {"query": (60, 1200)}})
    assert (flag["version"], flag["before"], flag["tool"]) == ("2.2.0", "2.1.0", "query")
    assert 0 < flag["low"] < flag["rate"] - flag["rate_before"] < flag["high"]
    assert "5 % of 1,200 calls, 1 % in 2.1.0" in flag["text"].replace(NBSP, " ")


def test_a_tool_with_few_calls_is_never_flagged() -> None:
    assert regressions({"1.0.0": {"a": (0, 5000)}, "1.1.0": {"a": (FEW_CALLS - 1, FEW_CALLS - 1)}}) == []


def test_an_improvement_and_no_change_are_told_apart() -> None:
    assert judge((10, 1000), (90, 1000))[0] == "better"
    assert judge((90, 1000), (10, 1000))[0] == "worse"
    assert judge((11, 1000), (10, 1000))[0] == "same"
    assert judge((1, 3), (10, 1000)) == ("few", None)


def test_versions_come_in_their_own_order() -> None:
    given = ["2.10.0", "other", "2.9.1", "2.10.0-rc", "2.10.0-dev", "2.10"]
    assert sorted(given, key=version_key) == ["other", "2.9.1", "2.10.0-dev", "2.10.0-rc", "2.10.0", "2.10"]
    assert not is_version("other")
    assert not is_version(None)
    assert is_release("2.10.0")
    assert not is_release("2.10.0-rc")


def test_adoption_is_the_newest_releases_share_of_the_last_day_that_is_over() -> None:
    days = [
        {"day": "2026-11-01", "product_version": "2.1.0", "instances": 9},
        {"day": "2026-11-02", "product_version": "2.1.0", "instances": 6},
        {"day": "2026-11-02", "product_version": "2.2.0", "instances": 2},
        {"day": "2026-11-02", "product_version": None, "instances": 2},
        {"day": "2026-11-03", "product_version": "2.2.0", "instances": 1},
        {"day": "2026-11-03", "product_version": "3.0.0-dev", "instances": 1},
    ]
    assert adopted(days, date(2026, 11, 3)) == ("2.2.0", 0.2)
    assert adopted(days, date(2026, 11, 1)) == ("2.2.0", 0.5), "only a day that is not over"
    assert adopted(days[-1:], date(2026, 11, 3)) == ("3.0.0-dev", 1.0), "nothing but a pre-release"
    assert adopted([], date(2026, 11, 3)) is None
