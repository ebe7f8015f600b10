"""Releases compared with the previous one."""

from datetime import date
from typing import Any

from footfall_collector.answer.version_order import is_release, is_version, version_key
from footfall_collector.show.insight.known_versions import KnownVersions
from footfall_collector.show.insight.releases import adoption_shares, compare_error_rates, newest_release_adoption
from footfall_collector.show.statistics import Effect

VERSIONS = ("2.1.0", "2.2.0", "3.0.0-dev", "99.0.0")
EVERY = KnownVersions(dict.fromkeys(VERSIONS, "2026-11-01"), frozenset(), all_count=True)


def test_the_verdict_distinguishes_better_worse_same_and_few() -> None:
    few, many = Effect(1000, 10, 50.0), Effect(1000, 90, 50.0)
    assert compare_error_rates(few, many, 1.0)[0] == "better"
    assert compare_error_rates(many, few, 1.0)[0] == "worse"
    assert compare_error_rates(Effect(1000, 11, 10.0), Effect(1000, 10, 10.0), 1.0)[0] == "same"
    assert compare_error_rates(Effect(3, 1, 0.1), many, 1.0) == ("few", None)


def test_the_verdict_compares_the_same_calls() -> None:
    # Three times the errors, all of which are usual: the calls met an outage, or are those of another tool.
    verdict, difference = compare_error_rates(Effect(1000, 90, 90.0), Effect(1000, 30, 30.0), 1.0)
    assert verdict == "same"
    assert difference is not None
    assert abs(difference) < 0.002


def test_calls_that_depend_on_each_other_are_less_certain() -> None:
    after, before = Effect(1000, 45, 20.0), Effect(1000, 10, 20.0)
    assert compare_error_rates(after, before, 1.0)[0] == "worse"
    assert compare_error_rates(after, before, 9.0)[0] == "same"


def test_versions_are_ordered_by_number_and_pre_release() -> None:
    given = ["2.10.0", "other", "2.9.1", "2.10.0-rc", "2.10.0-dev", "2.10"]
    assert sorted(given, key=version_key) == ["other", "2.9.1", "2.10.0-dev", "2.10.0-rc", "2.10.0", "2.10"]
    assert not is_version("other")
    assert not is_version(None)
    assert is_release("2.10.0")
    assert not is_release("2.10.0-rc")


def test_adoption_is_the_newest_releases_share_of_the_last_whole_day() -> None:
    days: list[dict[str, Any]] = [
        {"day": "2026-11-01", "product_version": "2.1.0", "instances": 9},
        {"day": "2026-11-02", "product_version": "2.1.0", "instances": 6},
        {"day": "2026-11-02", "product_version": "2.2.0", "instances": 2},
        {"day": "2026-11-02", "product_version": None, "instances": 2},
        {"day": "2026-11-03", "product_version": "2.2.0", "instances": 1},
        {"day": "2026-11-03", "product_version": "3.0.0-dev", "instances": 1},
    ]
    assert adoption_shares(days, date(2026, 11, 3)) == {"2.1.0": 0.6, "2.2.0": 0.2}
    assert newest_release_adoption(days, date(2026, 11, 3), EVERY) == ("2.2.0", 0.2)
    assert newest_release_adoption(days, date(2026, 11, 1), EVERY) == ("2.2.0", 0.5), "only a day that is not over"
    assert newest_release_adoption(days[-1:], date(2026, 11, 3), EVERY) == ("3.0.0-dev", 1.0), (
        "nothing but a pre-release"
    )
    assert newest_release_adoption([], date(2026, 11, 3), EVERY) is None


def test_a_version_that_no_established_instance_ran_is_not_the_newest_release() -> None:
    days: list[dict[str, Any]] = [
        {"day": "2026-11-02", "product_version": "2.1.0", "instances": 6},
        {"day": "2026-11-02", "product_version": "99.0.0", "instances": 2},
    ]
    known = KnownVersions({"2.1.0": "2026-11-01", "99.0.0": "2026-11-02"}, frozenset({"99.0.0"}), all_count=False)
    assert newest_release_adoption(days, date(2026, 11, 3), known) == ("2.1.0", 0.75)
    assert newest_release_adoption(days, date(2026, 11, 3), EVERY) == ("99.0.0", 0.25)


def test_a_version_that_came_while_an_answer_was_made_counts_from_the_next_one_on() -> None:
    known = KnownVersions({"2.1.0": "2026-11-01"}, frozenset(), all_count=True)
    assert known.counted(["2.1.0", "2.2.0"]) == ["2.1.0"], "its first day isn't known: the comparison failed"
    days: list[dict[str, Any]] = [{"day": "2026-11-02", "product_version": v, "instances": 1} for v in VERSIONS[:2]]
    assert newest_release_adoption(days, date(2026, 11, 3), known) == ("2.1.0", 0.5)
