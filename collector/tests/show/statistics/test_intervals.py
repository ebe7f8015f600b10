"""Intervals of rates, tests, and the control of false discoveries."""

import math
import random
import statistics
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from footfall_collector.show.statistics.intervals import (
    benjamini_hochberg,
    chi_square_tail,
    compare_by_rank,
    histogram_median,
    t_tail,
    wilson_interval,
)

COUNTS = st.integers(1, 100_000).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials)))


def test_wilsons_interval_is_the_published_one() -> None:
    # Newcombe (1998), "Two-sided confidence intervals for the single proportion", table I: 81 of 263 and 15 of 148.
    assert [round(x, 4) for x in wilson_interval(81, 263)] == [0.2553, 0.3662]
    assert [round(x, 4) for x in wilson_interval(15, 148)] == [0.0624, 0.1605]


@given(COUNTS)
def test_an_interval_contains_its_rate_and_stays_between_zero_and_one(count: tuple[int, int]) -> None:
    low, high = wilson_interval(*count)
    assert 0 <= low <= count[0] / count[1] <= high <= 1


def test_without_trials_there_is_no_evidence() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)
    assert benjamini_hochberg([], 0.05) == []


def test_false_discoveries_are_controlled_as_in_the_published_example() -> None:
    # Their own example (1995, section 3.2): at 5 % the first four of fifteen are significant.
    p_values = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1.0,
    ]
    assert benjamini_hochberg(p_values, 0.05) == [True] * 4 + [False] * 11


def test_chance_alone_is_rarely_significant() -> None:
    chance = random.Random(7)
    flagged = 0
    for _ in range(200):
        p_values = []
        for _ in range(20):
            after, before = (sum(chance.random() < 0.05 for _ in range(300)) for _ in range(2))
            p_values.append(compare_by_rank({1: after, 0: 300 - after}, {1: before, 0: 300 - before}).p_value)
        flagged += any(benjamini_hochberg(p_values, 0.02))
    assert flagged <= 12


SAMPLES = st.lists(st.integers(0, 12), min_size=1, max_size=25)


@given(SAMPLES, SAMPLES)
def test_a_comparison_by_rank_counts_every_pair(after: list[int], before: list[int]) -> None:
    comparison = compare_by_rank(Counter(after), Counter(before))
    pairs = [(a > b) + (a == b) / 2 for a in after for b in before]
    assert math.isclose(comparison.share, sum(pairs) / len(pairs))
    assert 0 <= comparison.low <= comparison.share <= comparison.high <= 1
    swapped = compare_by_rank(Counter(before), Counter(after))
    assert math.isclose(swapped.share, 1 - comparison.share, abs_tol=1e-12)
    assert math.isclose(comparison.p_value + swapped.p_value, 1, abs_tol=1e-9) or {
        comparison.p_value,
        swapped.p_value,
    } == {1.0}


def test_a_comparison_by_rank_gives_the_published_probability() -> None:
    # Hollander and Wolfe, "Nonparametric Statistical Methods", table 4.1: permeability at term and at 12 to 26 weeks.
    term = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
    early = [1.15, 0.88, 0.90, 0.74, 1.21]
    comparison = compare_by_rank(Counter(term), Counter(early))
    assert comparison.share * 50 == 35
    assert math.isclose(comparison.p_value, 0.1103, abs_tol=5e-4)


def test_the_interval_of_a_comparison_covers_the_true_share_in_95_of_100_samples() -> None:
    chance = random.Random(11)
    truth = 0.5 * (1 + math.erf(0.5 / 2))  # of two normal samples that are half a deviation apart
    covered = 0
    for _ in range(300):
        after, before = ([round(chance.gauss(mean, 1), 1) for _ in range(60)] for mean in (0.5, 0))
        comparison = compare_by_rank(Counter(after), Counter(before))
        covered += comparison.low <= truth <= comparison.high
    assert covered >= 0.92 * 300


@given(SAMPLES)
def test_the_median_of_a_histogram_is_that_of_its_values(values: list[int]) -> None:
    assert histogram_median(Counter(values)) == statistics.median(values)


def test_an_empty_sample_has_no_median_and_no_comparison() -> None:
    assert histogram_median({}) is None
    assert (compare_by_rank({}, {1.0: 3}).p_value, compare_by_rank({2.0: 4}, {2.0: 4}).p_value) == (1.0, 1.0)


def test_the_tail_of_chi_square_is_the_published_one() -> None:
    # Pearson and Hartley (1966), "Biometrika Tables for Statisticians", table 8: the upper 5 % points.
    upper = {1: 3.841, 2: 5.991, 3: 7.815, 4: 9.488, 5: 11.070, 10: 18.307, 15: 24.996, 30: 43.773}
    assert all(math.isclose(chi_square_tail(value, degrees), 0.05, rel_tol=1e-3) for degrees, value in upper.items())
    assert chi_square_tail(0, 7) == 1.0


def test_the_tail_of_t_is_the_published_one() -> None:
    # Pearson and Hartley (1966), "Biometrika Tables for Statisticians", table 12: the two-sided 5 % and 1 % points.
    upper = {3: (3.182, 5.841), 5: (2.571, 4.032), 10: (2.228, 3.169), 30: (2.042, 2.750), 120: (1.980, 2.617)}
    for degrees, (five, one) in upper.items():
        assert math.isclose(t_tail(five, degrees), 0.05, rel_tol=0.03)
        assert math.isclose(t_tail(one, degrees), 0.01, rel_tol=0.1)
    assert t_tail(0, 7) == t_tail(-3, 7) == 1.0
