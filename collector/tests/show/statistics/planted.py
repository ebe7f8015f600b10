"""Fleets with and without a planted cause, and what the search names in them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from collector.tests.show.statistics.planted_store import Name, PlantedStore, names_of_causes
from footfall_collector.answer import is_version, version_key
from footfall_collector.show.statistics import find_causes
from footfall_collector.show.statistics.cube import CallCell
from tests.oracle.causes import KINDS, PlantedCause, draw_cause, plant
from tests.oracle.fleet import Fleet

NO_CAUSE = "none"


@dataclass(frozen=True)
class Judgement:
    """What was planted into a fleet, and what was named. A fleet without a cause is of the kind `none`."""

    seed: int
    kind: str
    planted: tuple[Name, ...]
    named: tuple[Name, ...]

    @property
    def right(self) -> bool:
        """Whether the cause is named as what it is, and nothing else."""
        return self.named == self.planted

    @property
    def regression_too_many(self) -> bool:
        """Whether a release is flagged that has no bug."""
        return any(name not in self.planted for name in self.named if name[0] == "release")


def fleet_of(seed: int) -> Fleet:
    return Fleet(instances=300, days=28, seed=seed, busy=2, calm=True)


def names_of(cells: Sequence[CallCell]) -> tuple[Name, ...]:
    """The causes that are named, each once."""
    versions = {cell.version for cell in cells if is_version(cell.version)}
    return names_of_causes(find_causes(cells, sorted(versions, key=version_key)).causes)


def true_name(cause: PlantedCause) -> Name:
    return cause.kind, cause.value


def judgements(seed: int) -> Iterator[Judgement]:
    """What the collector says of one fleet without a cause, and with one of each kind."""
    fleet = fleet_of(seed)
    calm = list({event.uuid: event for event in fleet.events()}.values())
    succeeding = {event.uuid for event in calm if event.properties.get("success")}
    with TemporaryDirectory() as directory:
        stored = PlantedStore(Path(directory), fleet, calm, (NO_CAUSE, *KINDS))
        try:
            stored.add(NO_CAUSE)
            yield Judgement(seed, NO_CAUSE, (), stored.named(NO_CAUSE))
            for kind in KINDS:
                cause = draw_cause(kind, calm, fleet.start, fleet.end, seed)
                failing = {event.uuid for event in plant(calm, cause, seed) if event.properties.get("success") is False}
                stored.add(kind, failing & succeeding)
                yield Judgement(seed, kind, (true_name(cause),), stored.named(kind))
        finally:
            stored.close()
