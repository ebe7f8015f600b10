"""A product's own events are the same after `product.json`, from which the command line reads them."""

import json
from typing import Annotated, Any

import pytest

from footfall.catalogue import Amount, Event, Property, Vocabulary, event_type, from_plain_data, to_plain_data

SIZES = Vocabulary("size", ("small", "large"), (("tiny", "small"),))


class LetterSent(Event, frozen=True, tag="letter_sent"):
    meaning = "A letter was sent."

    size: Annotated[str, Property(SIZES, "Its size", "Order envelopes", "next")]
    weight: Annotated[float, Property(Amount("grams", 5000), "Its weight", "Order stamps", "next", required=False)] = 0


def as_json() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(json.dumps(to_plain_data([event_type(LetterSent)])))
    return data


def test_an_event_read_from_json_has_the_same_meaning_and_properties() -> None:
    event = from_plain_data(as_json())["letter_sent"]
    assert (event.meaning, event.properties) == ("A letter was sent.", event_type(LetterSent).properties)
    assert event.properties["size"].kind.checker()("tiny") == "small"


def test_data_of_a_release_without_aliases_is_still_read() -> None:
    data = as_json()
    del data["letter_sent"]["properties"]["size"]["kind"]["aliases"]
    kind = from_plain_data(data)["letter_sent"].properties["size"].kind
    assert kind == Vocabulary("size", ("small", "large"))


@pytest.mark.parametrize("data", [None, [], {"a": 1}, {"a": {"meaning": "", "properties": {"b": {"kind": {}}}}}])
def test_data_of_any_other_form_is_left_out(data: object) -> None:
    assert from_plain_data(data) == {}


def test_an_event_with_an_unknown_kind_does_not_hide_the_others() -> None:
    data = as_json()
    data["other_event"] = json.loads(json.dumps(data["letter_sent"]))
    data["other_event"]["properties"]["size"]["kind"]["label"] = "free text"
    assert list(from_plain_data(data)) == ["letter_sent"]
