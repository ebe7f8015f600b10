"""A product's own events on the page Events: units, words for yes and no, and what a click filters by."""

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.browser import ready_count, wait_until_drawn
from tests.dashboard.conftest import Opener
from tests.dashboard.feeding import post, stored
from tests.dashboard.reading import fetch
from tests.support.collector_process import start_collector
from tests.support.waiting import wait_for

CATALOGUE = """
from typing import Annotated
from footfall.catalogue import Amount, Event, Flag, Property, Vocabulary

def said(kind, text):
    return Property(kind, meaning=text, purpose="Try it", question="next", required=False)

SIZES = Vocabulary("size", ("small", "large"))

class LetterSorted(Event, frozen=True, tag="letter_sorted"):
    meaning = "A letter was sorted."
    size: Annotated[str | None, said(SIZES, "The letter's size")] = None
    weight: Annotated[float | None, said(Amount("grams", 2000), "Its weight")] = None
    express: Annotated[bool | None, said(Flag(), "Whether it was in a hurry")] = None

class BagFilled(Event, frozen=True, tag="bag_filled"):
    meaning = "A bag was filled."
    size: Annotated[str | None, said(SIZES, "The bag's size")] = None

EVENTS = (LetterSorted, BagFilled)
"""
LETTERS = [("01", "small", True, 0.5), ("01", "large", False, 0.75), ("02", "small", None, 1.5)]
BAGS = [("01", "large"), ("02", "large"), ("02", "small")]


@pytest.fixture(scope="module")
def post_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a collector with the letters and the bags."""
    data = tmp_path_factory.mktemp("post") / "data"
    data.mkdir()
    (data / "post.py").write_text(CATALOGUE)
    (data / "footfall.toml").write_text('[products.post]\ncatalogue = "post.py"\n')
    (data / "keys.json").write_text(
        json.dumps({"keys": [{"key": "phc_post", "product": "post", "added": "2026-01-01T00:00:00Z"}]})
    )
    letters = [
        event("letter_sorted", instance, size=size, express=express, weight=weight)
        for instance, size, express, weight in LETTERS
    ]
    batch = letters + [event("bag_filled", instance, size=size) for instance, size in BAGS]
    with start_collector(data, segment_seconds=0.1) as collector:
        post(collector.url, json.dumps({"api_key": "phc_post", "batch": batch}).encode())
        wait_for(lambda: stored(collector.url) == len(batch), "the letters and the bags")
        yield collector.url


def event(name: str, instance: str, **properties: object) -> dict[str, Any]:
    known = {key: value for key, value in properties.items() if value is not None}
    return {
        "event": name,
        "uuid": str(uuid.uuid4()),
        "distinct_id": f"cluster_{instance:0>16}",
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "properties": {"post_version": "1.0.0", "ai_provider": "openai", **known},
    }


def click(page: Page, panel: str, value: str) -> None:
    before = ready_count(page)
    page.locator(f"#panel-{panel} button.bar-row", has_text=value).click()
    wait_until_drawn(page, before + 1)


def show(page: Page, event_name: str) -> None:
    """Open an event that is folded."""
    section = page.locator("#events details.event", has=page.get_by_role("heading", name=event_name))
    if section.get_attribute("open") is None:
        section.locator("summary").first.click()


def rows(page: Page, panel: str) -> list[str]:
    names: list[str] = page.locator(f"#panel-{panel} tbody tr").all_inner_texts()
    return [" ".join(name.split()) for name in names]


def test_a_number_has_the_unit_of_its_catalogue_and_a_boolean_is_said_alike(opened: Opener, post_office: str) -> None:
    page = opened("/events", origin=post_office)
    show(page, "Letter sorted")
    for shape in ("distribution", "time"):
        expect(page.locator(f"#panel-letter_sorted-weight-{shape} .unit")).to_have_text("Its weight, in grams")
    expect(page.locator("#panel-letter_sorted-size-bars .unit")).to_have_text("The letter's size")
    click(page, "letter_sorted-express-bars", "yes")
    assert parse_qs(urlsplit(page.url).query)["where"] == ["express:is:true"]
    expect(page.locator("#chips .text")).to_have_text("express: yes")


def test_a_click_filters_by_the_property_of_its_event_where_another_has_the_same(
    opened: Opener, post_office: str
) -> None:
    page = opened("/events", origin=post_office)
    show(page, "Letter sorted")
    show(page, "Bag filled")
    expect(page.locator("#panel-bag_filled-size-bars tbody tr").first).to_be_visible()
    assert rows(page, "bag_filled-size-bars") == ["large 2", "small 1"]
    click(page, "letter_sorted-size-bars", "large")
    [where] = parse_qs(urlsplit(page.url).query)["where"]
    assert where == "letter_sorted.size:is:large"
    expect(page.locator("#chips .text")).to_have_text("size of letter sorted: large")
    assert rows(page, "letter_sorted-size-bars") == ["large 1"]
    assert rows(page, "bag_filled-size-bars") == ["large 1"], "the bags of the instance that sorted a large letter"
    [applied] = fetch(post_office, "/api/ask", event="bag_filled", by="size", where=where)["conditions"]
    assert applied == {
        "where": where,
        "applies_to": "instances",
        "phrase": "of instances that had letter_sorted events whose size is large in the range",
    }
    page.go_back()
    expect(page.locator("#chips .text")).to_have_count(0)
