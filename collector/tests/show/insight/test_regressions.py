"""Tools that got worse from one release to the next."""

import random
import time
from collections import Counter
from collections.abc import Collection, Mapping

from footfall_collector.answer import version_key
from footfall_collector.show.insight.regressions import Regression, VersionUsage, find_regressions, predecessor
from footfall_collector.show.insight.slower_tools import slower_tools
from footfall_collector.show.insight.units import NBSP
from footfall_collector.show.statistics import DurationCell
from footfall_collector.show.statistics.causes import find_causes
from footfall_collector.show.statistics.cube import MIN_CALLS, CallCell

RELEASES = ("2.0.0", "2.1.0", "2.2.0", "2.10.0")
TOOLS = [f"tool_{number}" for number in range(12)]
SEEDS = 8
Planted = set[tuple[str, str, str]]
"""Kind, version and tool."""


def regressions_of(versions: Mapping[str, VersionUsage], parts: int = 56) -> list[Regression]:
    """The regressions where each tool's calls and errors are spread over up to eight instances and seven days."""
    cells = [
        CallCell(
            part % 7,
            version,
            tool,
            "claude-code",
            "anthropic",
            f"{version} {part % 8}",
            len(range(part, calls, parts)),
            len(range(part, errors, parts)),
        )
        for version, usage in versions.items()
        for tool, (errors, calls) in usage.errors.items()
        for part in range(min(parts, calls))
    ]
    in_order = sorted(versions, key=version_key)
    slower = slower_tools(versions, lambda tools, names: duration_cells(versions, tools, names))
    return find_regressions(versions, find_causes(cells, in_order).causes, slower)


def duration_cells(
    versions: Mapping[str, VersionUsage], tools: Collection[str], names: Collection[str]
) -> dict[str, list[DurationCell]]:
    """Each tool's calls, spread over eight instances and seven days."""
    cells: dict[str, list[DurationCell]] = {tool: [] for tool in tools}
    for version in names:
        for tool, histogram in versions[version].durations.items():
            for value, calls in histogram.items() if tool in tools else ():
                first = random.Random(f"{version} {tool} {value}").randrange(56)
                for part in range(min(8, calls)):
                    at, number = first + part, len(range(part, calls, 8))
                    cells[tool].append(DurationCell(at % 7, version, "", "", f"{version} {at % 8}", value, number))
    return cells


def fleet(seed: int, planted: Planted) -> dict[str, VersionUsage]:
    """Twelve tools over four releases. From a planted release on, a tool fails three times as often, or takes 1.6 times
    as long; nothing else changes."""
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
        versions[version] = VersionUsage(rates, durations)
    return versions


def test_planted_regressions_are_found_with_few_false_ones() -> None:
    found = false = planted_all = 0
    for seed in range(SEEDS):
        chance = random.Random(1000 + seed)
        tools = chance.sample(TOOLS, 6)
        kinds = ["errors", "duration"] * 3
        planted = {(kind, chance.choice(RELEASES[1:]), tool) for kind, tool in zip(kinds, tools, strict=True)}
        detected = {(each.kind, each.version, each.tool) for each in regressions_of(fleet(seed, planted))}
        planted_all += len(planted)
        found += len(detected & planted)
        false += len(detected - planted)
    assert planted_all == 6 * SEEDS
    assert found >= 0.95 * planted_all, f"{found} of {planted_all} found"
    assert false <= 0.05 * (found + false), f"{false} of {found + false} flags are false"


def test_without_changes_there_are_hardly_any_regressions() -> None:
    flagged = sum(bool(regressions_of(fleet(seed, set()))) for seed in range(SEEDS))
    assert flagged <= 1, f"in {flagged} of {SEEDS} fleets"


def test_a_regression_of_errors_has_both_rates_and_the_interval_of_the_rise() -> None:
    old, new = VersionUsage({"query": (10, 1000)}), VersionUsage({"query": (60, 1200)})
    (regression,) = regressions_of({"2.1.0": old, "2.2.0": new})
    assert (regression.kind, regression.version, regression.before, regression.tool) == (
        "errors",
        "2.2.0",
        "2.1.0",
        "query",
    )
    assert 0 < regression.low < regression.now - regression.was < regression.high
    assert regression.text.replace(NBSP, " ") == (
        "fails in 5 % of 1,200 calls, where 1.0 % are usual (`2.1.0` came before): up 2.8\u20135.2 points "
        "(95 % interval)"
    )


def test_a_regression_of_duration_has_both_medians_and_the_interval_of_the_share() -> None:
    old, new = ({"query": {100.0: 300, scale * 1000.0: 200}} for scale in (1, 2))
    new["query"] = {100.0: 100, 2000.0: 400}
    (regression,) = regressions_of({"2.1.0": VersionUsage({}, old), "2.2.0": VersionUsage({}, new)})
    assert (regression.kind, regression.now, regression.was) == ("duration", 2000.0, 100.0)
    assert 0.5 < regression.low < 0.85 < regression.high
    assert regression.text.replace(NBSP, " ").startswith(
        "takes 2 s (median of 500 calls), 100 ms in `2.1.0`: slower in 85 % of pairs of "
        "the same client, provider and day ("
    )


def test_a_tiny_change_is_no_regression_however_certain() -> None:
    old, new = ({"query": {100.0: 50_000 + more, 101.0: 50_000 - more}} for more in (2000, -2000))
    assert regressions_of({"2.1.0": VersionUsage({}, old), "2.2.0": VersionUsage({}, new)}) == []


def test_a_tool_with_few_calls_is_never_a_regression() -> None:
    few = MIN_CALLS - 1
    old = VersionUsage({"a": (0, 5000)}, {"a": {1.0: 5000}})
    new = VersionUsage({"a": (few, few)}, {"a": {9.0: few}})
    assert regressions_of({"1.0.0": old, "1.1.0": new}) == []


def test_a_release_is_compared_with_a_release_and_a_pre_release_with_any_older_version() -> None:
    all_of_them = ["1.12.0", "1.12.0-rc", "1.13.0", "2.0.0-beta", "2.0.0-rc", "2.0.0"]
    before = {version: predecessor(version, all_of_them) for version in all_of_them}
    assert before == {
        "1.12.0-rc": None,
        "1.12.0": "1.12.0-rc",
        "1.13.0": "1.12.0",
        "2.0.0-beta": "1.13.0",
        "2.0.0-rc": "2.0.0-beta",
        "2.0.0": "1.13.0",
    }


def test_a_release_with_few_calls_of_a_tool_is_skipped_in_the_comparison() -> None:
    versions = {
        "1.0.0": VersionUsage({"a": (5, 900)}),
        "1.1.0": VersionUsage({"a": (0, 3)}),
        "1.2.0": VersionUsage({"a": (90, 900)}),
    }
    (regression,) = regressions_of(versions)
    assert (regression.version, regression.before) == ("1.2.0", "1.0.0")


def test_many_tools_of_few_calls_cost_next_to_nothing() -> None:
    """One sender can invent 100,000 tools. Looking up the release before for each of them took minutes."""
    tools = [f"tool_{number}" for number in range(50_000)]
    usage = VersionUsage(dict.fromkeys(tools, (0, MIN_CALLS - 1)), {tool: {12.0: MIN_CALLS - 1} for tool in tools})
    began = time.process_time()
    versions = {f"1.{minor}.0": usage for minor in range(8)}
    assert find_regressions(versions, [], slower_tools(versions, lambda *_: {})) == []
    assert time.process_time() - began < 20
