"""A quiet month has no alarm, and one incident of each kind is found within its day: one fleet of the measurement."""

from collections.abc import Sequence

import pytest

from tests.oracle.alert_numbers import FleetNumbers
from tests.oracle.fleet import Fleet, FleetEvent
from tests.oracle.incidents import INCIDENTS, JUDGED_DAYS, alarms_of, fleet_of, is_found, plant_incident
from tests.oracle.world import DAY, HOUR

SEED = 3


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return fleet_of(SEED)


@pytest.fixture(scope="module")
def events(fleet: Fleet) -> Sequence[FleetEvent]:
    return list({event.uuid: event for event in fleet.events()}.values())


def test_a_quiet_month_has_no_alarm(fleet: Fleet, events: Sequence[FleetEvent]) -> None:
    numbers = FleetNumbers(fleet.product, events)
    assert alarms_of(numbers, fleet.end - JUDGED_DAYS * DAY, fleet.end, HOUR) == []


@pytest.mark.parametrize("kind", INCIDENTS)
def test_an_incident_is_found_within_its_day(kind: str, fleet: Fleet, events: Sequence[FleetEvent]) -> None:
    assert is_found(kind, fleet.product, plant_incident(kind, fleet, events, SEED))
