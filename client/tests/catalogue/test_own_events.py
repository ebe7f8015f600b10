"""A name stands for one thing in all events of a product; a catalogue in which it does not turns telemetry off."""

import logging
from pathlib import Path
from typing import Annotated, Any

import pytest
from msgspec import defstruct

from footfall import Product, Telemetry
from footfall.catalogue import (
    Amount,
    ClientConnected,
    Event,
    ExtraProperties,
    Flag,
    Identifier,
    Property,
    ToolError,
    ToolExecuted,
    ToolName,
    catalogue_for,
    properties_of,
    to_json_schema,
)


def said(kind: Any) -> Property:
    return Property(kind, meaning="A meaning", purpose="A purpose", question="tools")


class Redefined(Event, frozen=True, tag="tool_executed"):
    """A call."""

    tool: Annotated[str, said(ToolName())]


class Derived(ToolExecuted, frozen=True, tag="tool_executed"):
    """A call with more."""

    pages: Annotated[float, said(Amount("pages", 10))] = 0.0


class DerivedUntagged(ToolExecuted, frozen=True):
    """A call with more, whose tag is that of its base."""

    pages: Annotated[float, said(Amount("pages", 10))] = 0.0


class DerivedRenamed(ToolExecuted, frozen=True, tag="report_made"):
    """A call with more under another name, which no call would be recorded as."""

    pages: Annotated[float, said(Amount("pages", 10))] = 0.0


class DerivedError(ToolError, frozen=True, tag="report_made"):
    """An error with more."""

    pages: Annotated[float, said(Amount("pages", 10))] = 0.0


class Further(Event, frozen=True, tag="further_call"):
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


class MoreOfCalls(ExtraProperties, frozen=True, tag="tool_executed"):
    """Properties of a call."""

    pages: Annotated[float, said(Amount("pages", 10))]
    size: Annotated[str, said(Identifier())]


class MoreOfClients(ExtraProperties, frozen=True, tag="client_connected"):
    """Properties of a connection."""

    size: Annotated[str, said(Identifier())]


class Again(ExtraProperties, frozen=True, tag="tool_executed"):
    """More properties of a call."""

    colour: Annotated[str, said(Identifier())]


class MoreOfStarts(ExtraProperties, frozen=True, tag="server_started"):
    """Properties of an event that has none."""

    size: Annotated[str, said(Identifier())]


class MoreOfOwn(ExtraProperties, frozen=True, tag="further_call"):
    """Properties of an own event."""

    size: Annotated[str, said(Identifier())]


class Untagged(ExtraProperties, frozen=True):
    """Properties of no event."""

    size: Annotated[str, said(Identifier())]


class Nine(ExtraProperties, frozen=True, tag="tool_executed"):
    """Too many."""

    p1: Annotated[bool, said(Flag())]
    p2: Annotated[bool, said(Flag())]
    p3: Annotated[bool, said(Flag())]
    p4: Annotated[bool, said(Flag())]
    p5: Annotated[bool, said(Flag())]
    p6: Annotated[bool, said(Flag())]
    p7: Annotated[bool, said(Flag())]
    p8: Annotated[bool, said(Flag())]
    p9: Annotated[bool, said(Flag())]


class TakesTool(ExtraProperties, frozen=True, tag="tool_executed"):
    """A property that the event has."""

    tool: Annotated[str, said(ToolName())]


class TakesCommon(ExtraProperties, frozen=True, tag="client_connected"):
    """A property that every event carries."""

    is_internal: Annotated[bool, said(Flag())]


class OfAnotherType(ExtraProperties, frozen=True, tag="client_connected"):
    """A number, and a text in a built-in event."""

    error_type: Annotated[float, said(Amount("errors", 10))]


class Nameless(Event, frozen=True, tag=""):
    """Its name is that of events of any name."""


class TooLong(Event, frozen=True, tag="x" * 201):
    """Its name is longer than that of a question."""


class TwoLines(Event, frozen=True, tag="report\nmade"):
    """Its name breaks lines."""


INSTEAD = "or subclass ExtraProperties to add properties to it"
CONFLICTS = [
    ((Redefined,), f"Redefined is named `tool_executed`, as ToolExecuted is: choose another tag, {INSTEAD}"),
    ((Derived,), f"Derived is named `tool_executed`, as ToolExecuted is: choose another tag, {INSTEAD}"),
    ((DerivedUntagged,), "DerivedUntagged is named `tool_executed`, as ToolExecuted is: choose another tag"),
    ((DerivedRenamed,), f"DerivedRenamed extends ToolExecuted: subclass Event, {INSTEAD}"),
    ((DerivedError,), "DerivedError extends ToolError: subclass Event"),
    ((MoreOfCalls, Again), "Again adds properties to `tool_executed`, as another class does: write all of them into"),
    ((MoreOfStarts,), "MoreOfStarts adds properties to `server_started`, and only `tool_executed` and `client_connec"),
    ((Further, MoreOfOwn), "MoreOfOwn adds properties to `further_call`, and only `tool_executed` and `client_conn"),
    ((Untagged,), "Untagged adds properties to `None`, and only `tool_executed` and `client_connected` can have"),
    ((Nine,), "Nine adds 9 properties to `tool_executed`, which can have 8: record an event of your own for the ot"),
    ((TakesTool,), "TakesTool adds `tool` to `tool_executed`, which has it already: choose another name"),
    ((TakesCommon,), "`client_connected` may not call a property `is_internal`: the name is taken by every event"),
    ((OfAnotherType,), "property `error_type` is a number in `client_connected` and a string in `tool_error`"),
    ((MoreOfCalls, ThirdType), "property `pages` is a boolean in `report_sent` and a number in `tool_executed`"),
    ((Further, Twin), "Twin is named `further_call`, as Further is: choose another tag"),
    ((AnotherType,), "property `tool` is a number in `report_made` and a string in `tool_e"),
    ((Further, ThirdType), "property `pages` is a boolean in `report_sent` and a number in `further_call`"),
    ((Common,), "`report_made` may not call a property `ai_provider`: the name is taken by every event"),
    ((OwnVersion,), "`report_made` may not call a property `shop_version`: the name is taken by every event"),
    ((Envelope,), "`report_made` may not call a property `uuid`: the name is taken by every event"),
    ((Sql,), "`report_made` may not call a property `order`: SQL uses that word"),
    ((UpperCase,), "property `Tool` of `report_made` is `tool` in "),
    ((Nameless,), "the tag of Nameless is not 1 to 200 printable characters: choose another tag"),
    ((TooLong,), "the tag of TooLong is not 1 to 200 printable characters: choose another tag"),
    ((TwoLines,), "the tag of TwoLines is not 1 to 200 printable characters: choose another tag"),
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
    catalogue = catalogue_for("shop", events=(ToolExecuted, Further, MoreOfCalls, MoreOfClients))
    assert catalogue.events["tool_executed"].struct is ToolExecuted
    assert catalogue.events["client_connected"].struct is ClientConnected
    assert set(catalogue.events["further_call"].properties) == {"pages"}
    assert {event: set(properties) for event, properties in catalogue.extra.items()} == {
        "tool_executed": {"pages", "size"},
        "client_connected": {"size"},
    }


def test_extra_properties_are_in_the_schema_and_never_required() -> None:
    events = to_json_schema(catalogue_for("shop", events=(MoreOfCalls,)))["$defs"]
    properties = events["tool_executed"]["properties"]["properties"]
    assert properties["properties"]["pages"]["maximum"] == 10
    assert properties["properties"]["size"]["description"] == "A meaning"
    assert not {"pages", "size"} & set(properties["required"])
    assert "pages" not in events["client_connected"]["properties"]["properties"]["properties"]


class Equal(type):
    """A class of classes that equal any other."""

    def __eq__(cls, other: object) -> bool:
        return True

    __hash__ = type.__hash__


class Anything(metaclass=Equal):
    """Looks like a kind, and admits every text."""

    label = "code identifier"

    def checker(self, tools: object = None) -> Any:
        return lambda value: value

    def schema(self) -> dict[str, Any]:
        return {"type": "string"}


def test_a_class_that_says_it_equals_a_kind_is_refused() -> None:
    anything = Property(kind=Anything(), meaning="m", purpose="p", question="tools")  # type: ignore[arg-type] # the fault
    leak = defstruct("Leak", [("text", Annotated[str, anything])], bases=(Event,), frozen=True, tag="leak")
    leak.__doc__ = "A leak."
    with pytest.raises(TypeError, match=r"Leak\.text .* not one of footfall's"):
        properties_of(leak)
