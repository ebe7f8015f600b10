"""The published numbers of a month reveal no small group, not even to somebody who adds instances of his own."""

import math
from collections import Counter
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall_collector.answer import MIN_GROUP
from footfall_collector.show.public.noise import KeyedNoise
from footfall_collector.show.public.small_groups import (
    GROUP_SCALE,
    MAX_FORGED,
    NAMED_FROM,
    ROUNDING,
    THRESHOLDS,
    TOTAL_SCALE,
    MonthCounts,
    PublishedMonth,
    publish_month,
    round_to_tens,
    round_to_two_digits,
)

WORDS = frozenset({"a", "b", "c", "d", "e"})
VOCABULARY = {"kind": WORDS, "other kind": frozenset({"x", "y"})}
COUNTS = st.integers(0, 30) | st.integers(0, 2000)
GROUPS = st.dictionaries(st.sampled_from([*sorted(WORDS), "other", "a secret name", None]), COUNTS)
MONTHS = st.sampled_from(["2026-09", "2026-10", "2026-11", "2026-12"])
SECRETS = st.binary(min_size=16, max_size=16)
SMALL, FORGED = st.integers(0, MIN_GROUP - 1), st.integers(0, MAX_FORGED)


def publish(groups: Mapping[str | None, int], secret: bytes, month: str = "2026-10", rest: int = 0) -> PublishedMonth:
    counts = MonthCounts(sum(groups.values()) + rest, 5000, {"kind": groups, "other kind": {"x": 50, "y": 3}})
    return publish_month("dot-ai", month, counts, VOCABULARY, secret)


@given(GROUPS, st.sampled_from(sorted(WORDS)), SMALL, FORGED, MONTHS, SECRETS)
def test_nine_invented_instances_never_make_a_group_of_fewer_than_ten_appear(
    groups: dict[str | None, int], target: str, size: int, forged: int, month: str, secret: bytes
) -> None:
    """The attacker: adds up to nine instances to a group, in any month, and reads everything that is published.

    Whatever the group's true size, all that is published but the total is as if the group did not exist.
    """
    attacked = publish({**groups, target: size + forged}, secret, month)
    without = publish({**groups, target: 0}, secret, month, rest=size + forged)
    assert attacked == without
    assert target not in attacked.groups.get("kind", {})


def rounded_probability(n: int, scale: float, published: int) -> float:
    """The probability that a count is published as a number, over all secrets."""
    ratio = math.exp(-1 / scale)
    whole = (1 - ratio) / (1 + ratio)
    from_, to = published - ROUNDING // 2, published + (ROUNDING + 1) // 2 - 1
    from_ = -2000 if published == ROUNDING else from_
    return sum(whole * ratio ** abs(value - n) for value in range(from_, to + 1))


@pytest.mark.parametrize("scale", [TOTAL_SCALE, GROUP_SCALE])
@pytest.mark.parametrize("others", [19, 40, 97, 1004])
def test_the_total_hardly_tells_how_large_a_hidden_group_is(scale: float, others: int) -> None:
    """For each number that can be published: between no instance and nine, its probability changes by exp(9/scale)."""
    for published in range(ROUNDING, others + 200, ROUNDING):
        probabilities = [rounded_probability(others + size, scale, published) for size in range(MIN_GROUP)]
        assert max(probabilities) <= min(probabilities) * math.exp((MIN_GROUP - 1) / scale) * (1 + 1e-9)


def test_the_noise_has_the_distribution_that_the_proof_assumes() -> None:
    draws = 30_000
    secrets = (number.to_bytes(16) for number in range(draws))
    counts = Counter(
        KeyedNoise(secret, "dot-ai", "2026-10").laplace(GROUP_SCALE, "kind", "a", 40) for secret in secrets
    )
    ratio = math.exp(-1 / GROUP_SCALE)
    for value in range(-12, 13):
        expected = (1 - ratio) / (1 + ratio) * ratio ** abs(value)
        assert abs(counts[value] / draws - expected) < 5 * math.sqrt(expected / draws), value


def test_each_threshold_is_equally_likely_so_that_one_instance_changes_a_name_by_a_tenth() -> None:
    draws = 5000
    secrets = [number.to_bytes(16) for number in range(draws)]
    for size, share in ((NAMED_FROM - 1, 0.0), (NAMED_FROM, 0.1), (NAMED_FROM + 4, 0.5), (NAMED_FROM + 9, 1.0)):
        named = sum("a" in publish({"a": size, "b": 500}, secret).groups["kind"] for secret in secrets)
        assert abs(named / draws - share) < 0.03, size


@given(COUNTS, SECRETS, MONTHS)
def test_the_same_question_has_the_same_answer_and_another_count_another_noise(
    n: int, secret: bytes, month: str
) -> None:
    """Asking again yields nothing new, and two publications of a month do not differ by the difference of counts."""
    assert publish({"a": n, "b": 300}, secret, month) == publish({"a": n, "b": 300}, secret, month)
    noise = KeyedNoise(secret, "dot-ai", month)
    draws = [noise.laplace(GROUP_SCALE, "kind", "a", count) for count in range(n, n + 50)]
    assert len(set(draws)) > 5
    other = KeyedNoise(secret, "dot-ai", f"{month}+")
    assert draws != [other.laplace(GROUP_SCALE, "kind", "a", count) for count in range(n, n + 50)]


@given(GROUPS, st.integers(0, 40), SECRETS)
def test_every_number_is_rounded_and_only_words_are_named(
    groups: dict[str | None, int], without_value: int, secret: bytes
) -> None:
    month = publish(groups, secret, rest=without_value)
    for row in month.rows():
        assert row[3] % 10 == 0
        assert row[3] >= ROUNDING
    for value in month.groups.get("kind", {}):
        assert value in WORDS
        assert groups[value] >= NAMED_FROM
    for value in WORDS if month.instances else ():
        assert value in month.groups["kind"] or groups.get(value, 0) < NAMED_FROM + THRESHOLDS - 1
    if month.calls is not None:
        assert len(str(month.calls).rstrip("0")) <= 2
        assert 4700 <= month.calls <= 5300


@given(st.integers(0, NAMED_FROM - 1), SECRETS)
def test_a_month_of_few_instances_has_no_numbers(instances: int, secret: bytes) -> None:
    month = publish_month("dot-ai", "2026-10", MonthCounts(instances, 5000, {"kind": {"a": 9}}), VOCABULARY, secret)
    assert month == PublishedMonth("dot-ai", "2026-10", None, None, {}, "established")
    assert month.rows() == []


def test_rounding_is_to_tens_and_to_two_digits() -> None:
    assert [round_to_tens(n) for n in (10, 14, 15, 104, 105)] == [10, 10, 20, 100, 110]
    assert [round_to_two_digits(n) for n in (0, 7, 99, 104, 12_345, 12_500, 995)] == [
        0,
        7,
        99,
        100,
        12_000,
        13_000,
        1000,
    ]
