"""What the rules judge is what the oracle counts, from a store as it is filled by requests."""

from collections.abc import Iterator

import pytest

from collector.tests.store.fill_store import CATALOGUES, journal_fleet, loader_of, open_store
from footfall_collector.alerts.observations import read_product
from footfall_collector.answer import Answers
from tests.oracle.alert_numbers import FleetNumbers
from tests.oracle.fleet import Fleet
from tests.oracle.world import DAY, HOUR

FLEET = Fleet(40, 25, 7, busy=4.0)


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answers]:
    data = tmp_path_factory.mktemp("data")
    journal_fleet(data, sorted(FLEET.requests(), key=lambda request: request.received))
    store = open_store(data)
    loader = loader_of(data, store)
    loader.run_once()
    loader.checkpoint()
    yield Answers(store, CATALOGUES)
    store.close()


@pytest.mark.parametrize(
    "back", [2 * HOUR, 5 * HOUR + 1234, DAY + HOUR], ids=["late", "within an hour", "a day before"]
)
def test_the_numbers_are_the_oracles(answers: Answers, back: int) -> None:
    # The reader counts what happened up to its second, the oracle what happened before one.
    now = FLEET.end - back
    found = read_product(answers, "dot-ai", float(now), False)
    expected = FleetNumbers("dot-ai", FLEET.events()).at(now + 1, False)
    assert found.hours == expected.hours
    assert found.days == expected.days
    assert (found.last_hour, found.usual_hour) == (expected.last_hour, expected.usual_hour)
    assert sorted(found.classes, key=str) == sorted(expected.classes, key=str)
    assert (found.known_classes, found.known_tools) == (expected.known_classes, expected.known_tools)
    # `today` is of the whole day: a store has nothing that comes later, but this one does.
    assert found.today >= expected.today > 0
    assert found.classes
    assert found.last_hour
