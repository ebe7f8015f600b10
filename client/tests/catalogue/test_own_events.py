"""A name stands for one thing in all events of a product; a catalogue in which it does not turns telemetry off."""

import logging
from pathlib import Path
from typing import Annotated, Any

import pytest

from footfall import Product, Telemetry
from footfall.catalogue import Amount, Event, Flag, Identifier, Property, ToolExecuted, ToolName, catalogue_for


def said(kind: Any) -> Property:
    return Property(kind, meaning="A meaning", purpose="A purpose", question="tools")


class Redefined(Event, frozen=True, tag="tool_executed"):
    """A call."""

    tool: Annotated[str, said(ToolName())]


class Derived(ToolExecuted, frozen=True, tag="tool_executed"):
    """A call with more."""

    pages: Annotated[float, said(Amount("pages", 10))] = 0.0


class Further(ToolExecuted, frozen=True, tag="further_call"):
    """A call of another kind."""

    pages: Annotated[float, said(Amount("pages", 10))] = 0.0


class Twin(Event, frozen=True, tag="further_call"):
    """Another event of that name."""

    pages: Annotated[float, said(Amount("pages", 10))]


class AnotherType(Event, frozen=True, tag="report_made"):
    """Its property is a number, and a text in a built-in event."""

    tool: Annotated[float, said(Amount("tools", 10))]


class ThirdType(Event, frozen=True, tag="report_sent"):
    """Its property is a flag, and a number in another event of the product."""

    pages: Annotated[bool, said(Flag())]


class Common(Event, frozen=True, tag="report_made"):
    """Its property is one that every event carries."""

    ai_provider: Annotated[str, said(Identifier())]


class OwnVersion(Event, frozen=True, tag="report_made"):
    """Its property is the version of the product."""

    shop_version: Annotated[str, said(Identifier())]


class Envelope(Event, frozen=True, tag="report_made"):
    """Its property is one of the envelope."""

    uuid: Annotated[str, said(Identifier())]


class Sql(Event, frozen=True, tag="report_made"):
    """Its property can't be a column."""

    order: Annotated[str, said(Identifier())]


class UpperCase(Event, frozen=True, tag="report_made"):
    """Its property would be the same column as another."""

    Tool: Annotated[str, said(ToolName())]


CONFLICTS = [
    ((Redefined,), "Redefined is named `tool_executed`, as ToolExecuted is: choose another tag"),
    ((Derived,), "Derived is named `tool_executed`, as ToolExecuted is: choose another tag"),
    ((Further, Twin), "Twin is named `further_call`, as Further is: choose another tag"),
    ((AnotherType,), "property `tool` is a number in `report_made` and a string in `tool_e"),
    ((Further, ThirdType), "property `pages` is a boolean in `report_sent` and a number in `further_call`"),
    ((Common,), "`report_made` may not call a property `ai_provider`: the name is taken by every event"),
    ((OwnVersion,), "`report_made` may not call a property `shop_version`: the name is taken by every event"),
    ((Envelope,), "`report_made` may not call a property `uuid`: the name is taken by every event"),
    ((Sql,), "`report_made` may not call a property `order`: SQL uses that word"),
    ((UpperCase,), "property `Tool` of `report_made` is `tool` in "),
]


@pytest.mark.parametrize(("events", "says"), CONFLICTS, ids=lambda value: value if isinstance(value, str) else "")
def test_telemetry_is_off_and_the_log_and_the_decision_say_why(
    events: tuple[type[Event], ...], says: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    environ = {"SHOP_TELEMETRY_STATE_DIR": str(tmp_path / "state")}
    with caplog.at_level(logging.WARNING, "footfall"):
        telemetry = Telemetry(Product("shop", catalogue=events, write_key="phc_key"), environ)
    assert not telemetry.active
    assert says in telemetry.decision.reason
    assert [record.message.count(says) for record in caplog.records] == [1]
    assert not list(tmp_path.iterdir())


def test_what_is_no_conflict_is_admitted() -> None:
    catalogue = catalogue_for("shop", events=(ToolExecuted, Further))
    assert catalogue.events["tool_executed"].struct is ToolExecuted
    assert set(catalogue.events["further_call"].properties) == {"tool", "success", "duration_ms", "mcp_client", "pages"}
