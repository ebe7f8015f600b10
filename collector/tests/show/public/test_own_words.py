"""A product's own words on the public page: words only, of established instances, and no small group."""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.tests.app.http import ask
from collector.tests.show.public.test_public_page import SECRET, closed_month
from collector.tests.store.fill_store import PEPPER, journal
from footfall.catalogue import Catalogue, catalogue_for
from footfall.catalogue.loading import load_events
from footfall_collector.admit import Admission
from footfall_collector.answer import MIN_GROUP
from footfall_collector.receive import WriteKeys
from footfall_collector.show.public.noise import KeyedNoise
from footfall_collector.show.public.own_words import MAX_OWN_WORDS, group_sizes, own_words
from footfall_collector.show.public.small_groups import (
    GROUP_SCALE,
    MAX_FORGED,
    MonthCounts,
    PublishedMonth,
    noisy_tens,
    publish_month,
)
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.waiting import wait_for

CATALOGUE = """
from typing import Annotated
from footfall.catalogue import Amount, Event, ExtraProperties, Flag, Identifier, Property, Version, Vocabulary

def said(kind, **more):
    return Property(kind, meaning="Of a backup", purpose="Try it", question="next", required=False, **more)

class Backup(Event, frozen=True, tag="backup"):
    meaning = "A backup ended."
    trigger: Annotated[str | None, said(Vocabulary("trigger", ("hand", "timer", "rare")))] = None
    complete: Annotated[bool | None, said(Flag())] = None
    engine: Annotated[str | None, said(Version())] = None
    step: Annotated[str | None, said(Identifier())] = None
    seconds: Annotated[float | None, said(Amount("seconds", 86400))] = None
    old: Annotated[str | None, said(Vocabulary("old", ("yes", "no")), retired="2.0")] = None

class OfCalls(ExtraProperties, frozen=True, tag="tool_executed"):
    plan: Annotated[str | None, said(Vocabulary("plan", ("free", "paid")))] = None

EVENTS = (Backup, OfCalls)
"""
TRIGGERS = ["timer"] * 60 + ["hand"] * 40 + ["rare"] * 6 + ["a secret"] * 30
WORDS = frozenset({"a", "b", "c", "d"})
ROWS = st.lists(st.tuples(st.integers(100, 400), st.sampled_from([*sorted(WORDS), "other", ""]), st.integers(1, 30)))
HIS_ROWS = st.lists(st.tuples(st.integers(0, MAX_FORGED - 1), st.sampled_from(sorted(WORDS)), st.integers(1, 30)))


@pytest.fixture(scope="module")
def month() -> datetime:
    return closed_month()


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    path = tmp_path_factory.mktemp("catalogue") / "own.py"
    path.write_text(CATALOGUE)
    return catalogue_for("own", events=load_events(str(path), "own"))


@pytest.fixture(scope="module")
def collector(
    tmp_path_factory: pytest.TempPathFactory, month: datetime, catalogue: Catalogue
) -> Iterator[CollectorProcess]:
    data: Path = tmp_path_factory.mktemp("own") / "data"
    data.mkdir()
    (data / "pepper").write_bytes(PEPPER)
    (data / "own.py").write_text(CATALOGUE)
    (data / "footfall.toml").write_text('public_products = ["own"]\n[products.own]\ncatalogue = "own.py"\n')
    WriteKeys(data).add("own", "phc_own")
    admission = Admission({"own": catalogue}, PEPPER)
    moments = [month + timedelta(days=day, hours=12) for day in (10, 14, 20)]
    lines = []
    for at in moments:
        received = int(at.timestamp())
        events = [msgspec.Raw(msgspec.json.encode(each)) for each in _events(at)]
        lines.append(admission.admit("own", events, float(received), received).lines)
    journal(data, lines)
    with start_collector(data, SECRET, segment_seconds=0.1, max_event_age_days=90) as running:
        wait_for(lambda: _stored(running) == 3 * len(TRIGGERS), "the events to be in the store")
        yield running


def _events(at: datetime) -> Iterator[dict[str, Any]]:
    for number, trigger in enumerate(TRIGGERS):
        # On one of three days another trigger: the value of most days counts.
        odd = trigger == "timer" and at.day == 21
        properties = {"trigger": "hand" if odd else trigger, "complete": True, "engine": "1.2.0", "step": "Copy"}
        yield {
            "uuid": str(uuid.uuid4()),
            "event": "backup",
            "distinct_id": f"cluster_{number:016x}",
            "timestamp": at.isoformat(),
            "properties": {**properties, "seconds": 3, "old": "yes"},
        }


def _stored(collector: CollectorProcess) -> int:
    answer = ask(collector, "GET", "/api/health", headers={"Authorization": "Bearer correct horse battery"})
    return int({fact["id"]: fact["value"] for fact in answer.json["facts"]}["stored"])


def test_only_words_of_the_own_catalogue_are_published(collector: CollectorProcess, month: datetime) -> None:
    rows = ask(collector, "GET", "/public/own/data.json").json["rows"]
    name = f"{month:%Y-%m}"
    noise = KeyedNoise(PEPPER, "own", name)
    assert [row for row in rows if row[1] != "all"] == [
        [name, "backup.trigger", value, noisy_tens(noise, GROUP_SCALE, n, "backup.trigger", value)]
        for value, n in (("timer", 60), ("hand", 40))
    ]
    page = ask(collector, "GET", "/public/own").text
    assert '<h2 id="of-backup.trigger"><code>trigger</code> of <code>backup</code></h2>' in page
    for hidden in ("rare", "a secret", "Copy", "1.2.0", "engine", "seconds", ">old<"):
        assert hidden not in page
    meanings = ask(collector, "GET", "/public/own/dictionary.json").json["dimension"]
    assert meanings["backup.trigger"] == "Of a backup"
    assert meanings["tool_executed.plan"] == "Of a backup"
    assert not meanings.keys() & {"backup.old", "backup.step", "backup.engine"}


def test_own_words_are_those_of_closed_lists_and_at_most_twelve(catalogue: Catalogue) -> None:
    assert {each.dimension for each in own_words(catalogue)} == {"backup.trigger", "tool_executed.plan"}
    assert own_words(catalogue_for("footfall")) == []
    assert MAX_OWN_WORDS == 12


def _published(rows: list[tuple[int, str, int]], secret: bytes, rest: int) -> PublishedMonth:
    sizes = group_sizes(rows)
    counts = MonthCounts(sum(sizes.values()) + rest, 5000, {"backup.trigger": sizes})
    return publish_month("own", "2026-10", counts, {"backup.trigger": WORDS}, secret)


@given(
    ROWS,
    HIS_ROWS,
    st.sampled_from(sorted(WORDS)),
    st.integers(0, MIN_GROUP - 1),
    st.binary(min_size=16, max_size=16),
)
def test_what_an_attacker_sends_of_nine_instances_never_shows_a_small_group(
    rows: list[tuple[int, str, int]], his: list[tuple[int, str, int]], target: str, size: int, secret: bytes
) -> None:
    """The attacker: sends any words on any days from nine established instances, and reads everything published.

    All that is published of groups is as if the small group did not exist, however its words and his are divided.
    """
    members = {number for number, value, _ in rows if value == target}
    others = [row for row in rows if row[0] not in members]
    few = [(1000 + number, target, 5) for number in range(size)]
    attacked = _published(others + his + few, secret, 0)
    without = _published(others + his, secret, size)
    assert attacked == without
    assert target not in attacked.groups.get("backup.trigger", {})


@given(ROWS)
def test_an_instance_counts_once_whatever_it_sends(rows: list[tuple[int, str, int]]) -> None:
    assert sum(group_sizes(rows).values()) == len({number for number, _, _ in rows})


def test_the_value_of_most_days_counts_and_of_several_the_first_by_name() -> None:
    rows = [(1, "b", 3), (1, "a", 2), (2, "b", 2), (2, "a", 2), (3, "", 4), (3, "a", 1)]
    assert group_sizes(rows) == {"b": 1, "a": 1, None: 1}
    assert group_sizes([]) == {}
