"""How sure a rate is."""

import math
import random
import statistics
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from footfall_collector.show.insight.statistics import (
    discoveries,
    median,
    newcombe,
    rise_p_value,
    slower,
    wilson,
)

COUNTS = st.integers(1, 100_000).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials)))


def test_wilsons_interval_is_the_published_one() -> None:
    # Newcombe (1998), "Two-sided confidence intervals for the single proportion", table I: 81 of 263 and 15 of 148.
    assert [round(x, 4) for x in wilson(81, 263)] == [0.2553, 0.3662]
    assert [round(x, 4) for x in wilson(15, 148)] == [0.0624, 0.1605]


def test_newcombes_interval_of_a_difference_is_the_published_one() -> None:
    # Newcombe (1998), "Interval estimation for the difference", table II, method 10: 56/70 against 48/80.
    assert [round(x, 4) for x in newcombe((56, 70), (48, 80))] == [0.0524, 0.3339]


@given(COUNTS)
def test_an_interval_holds_its_rate_and_stays_between_nothing_and_all(count: tuple[int, int]) -> None:
    low, high = wilson(*count)
    assert 0 <= low <= count[0] / count[1] <= high <= 1


@given(COUNTS, COUNTS)
def test_a_difference_holds_the_observed_one_and_turns_with_its_sides(a: tuple[int, int], b: tuple[int, int]) -> None:
    low, high = newcombe(a, b)
    difference = a[0] / a[1] - b[0] / b[1]
    assert low - 1e-12 <= difference <= high + 1e-12
    turned = newcombe(b, a)
    assert math.isclose(turned[0], -high, abs_tol=1e-12)
    assert math.isclose(turned[1], -low, abs_tol=1e-12)


@given(COUNTS, COUNTS)
def test_a_rise_and_its_opposite_share_the_probability(a: tuple[int, int], b: tuple[int, int]) -> None:
    up, down = rise_p_value(a, b), rise_p_value(b, a)
    assert 0 <= up <= 1
    assert math.isclose(up + down, 1, abs_tol=1e-9) or (up, down) == (1.0, 1.0)


def test_nothing_tried_says_nothing() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert newcombe((0, 0), (1, 2)) == (-1.0, 1.0)
    assert rise_p_value((0, 0), (1, 2)) == 1.0
    assert discoveries([], 0.05) == []


def test_discoveries_are_benjamini_and_hochbergs() -> None:
    # Their own example (1995, section 3.2): at 5 % the first four of fifteen are believed.
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
    assert discoveries(p_values, 0.05) == [True] * 4 + [False] * 11


def test_chance_alone_is_hardly_ever_believed() -> None:
    random_rates = random.Random(7)
    flagged = 0
    for _ in range(200):
        p_values = []
        for _ in range(20):
            after, before = (sum(random_rates.random() < 0.05 for _ in range(300)) for _ in range(2))
            p_values.append(rise_p_value((after, 300), (before, 300)))
        flagged += any(discoveries(p_values, 0.02))
    assert flagged <= 12


SAMPLES = st.lists(st.integers(0, 12), min_size=1, max_size=25)


@given(SAMPLES, SAMPLES)
def test_a_comparison_by_rank_counts_every_pair(after: list[int], before: list[int]) -> None:
    found = slower(Counter(after), Counter(before))
    pairs = [(a > b) + (a == b) / 2 for a in after for b in before]
    assert math.isclose(found.share, sum(pairs) / len(pairs))
    assert 0 <= found.low <= found.share <= found.high <= 1
    turned = slower(Counter(before), Counter(after))
    assert math.isclose(turned.share, 1 - found.share, abs_tol=1e-12)
    assert math.isclose(found.p_value + turned.p_value, 1, abs_tol=1e-9) or {found.p_value, turned.p_value} == {1.0}


def test_a_comparison_by_rank_gives_the_published_probability() -> None:
    # Hollander and Wolfe, "Nonparametric Statistical Methods", table 4.1: permeability at term and at 12 to 26 weeks.
    term = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
    early = [1.15, 0.88, 0.90, 0.74, 1.21]
    found = slower(Counter(term), Counter(early))
    assert found.share * 50 == 35
    assert math.isclose(found.p_value, 0.1103, abs_tol=5e-4)


def test_the_interval_of_a_comparison_holds_the_truth_as_often_as_it_says() -> None:
    chance = random.Random(11)
    truth = 0.5 * (1 + math.erf(0.5 / 2))  # of two normal samples that are half a deviation apart
    held = 0
    for _ in range(300):
        after, before = ([round(chance.gauss(mean, 1), 1) for _ in range(60)] for mean in (0.5, 0))
        found = slower(Counter(after), Counter(before))
        held += found.low <= truth <= found.high
    assert held >= 0.92 * 300


@given(SAMPLES)
def test_the_median_of_a_histogram_is_that_of_its_values(values: list[int]) -> None:
    assert median(Counter(values)) == statistics.median(values)


def test_nothing_has_no_median_and_no_comparison() -> None:
    assert median({}) is None
    assert (slower({}, {1.0: 3}).p_value, slower({2.0: 4}, {2.0: 4}).p_value) == (1.0, 1.0)
