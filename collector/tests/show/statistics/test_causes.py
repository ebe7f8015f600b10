"""Planted causes are named as what they are, and nothing is named where nothing was planted."""

import pytest

from collector.tests.show.statistics.planted import NO_CAUSE, Judgement, judgements, names_of
from footfall_collector.show.statistics.cube import CallCell
from tests.oracle.causes import KINDS

SEEDS = (4, 18, 32)
pytestmark = pytest.mark.timeout(300)  # each seed is five fleets, and they are computed once for all tests


@pytest.fixture(scope="module")
def judged() -> list[Judgement]:
    return [judgement for seed in SEEDS for judgement in judgements(seed)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_planted_cause_is_named_as_what_it_is(judged: list[Judgement], kind: str) -> None:
    of_kind = [each for each in judged if each.kind == kind]
    assert len(of_kind) == len(SEEDS)
    assert [each for each in of_kind if not each.right] == []


def test_nothing_is_named_in_a_fleet_without_a_cause(judged: list[Judgement]) -> None:
    calm = [each for each in judged if each.kind == NO_CAUSE]
    assert len(calm) == len(SEEDS)
    assert [each for each in calm if each.named] == []


def cells(version: str, cluster: str, errors: int, calls: int = 100) -> CallCell:
    return CallCell(1, version, "query", "cursor", "openai", cluster, calls, errors)


def test_one_instance_makes_no_cause_and_hides_none() -> None:
    usual = [cells(version, f"{version} {n}", 2) for version in ("1.0.0", "1.1.0") for n in range(10)]
    invented = [cells("1.1.0", "invented", 100)]
    assert names_of(usual + invented) == ()
    broken = [cells("1.1.0", f"1.1.0 {n}", 20) for n in range(10)]
    assert names_of([*usual[:10], *broken]) == (("release", "1.1.0"),)
    # An instance that makes many calls of the older version fail hides nothing.
    hiding = [cells("1.0.0", "invented", 800, 1000)]
    assert names_of([*usual[:10], *broken, *hiding]) == (("release", "1.1.0"),)
