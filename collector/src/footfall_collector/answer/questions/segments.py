r"""Segments: which events count, as conditions on properties.

In a query string a condition is `where=PROPERTY:is:VALUES` or `where=PROPERTY:is_not:VALUES`, given as often as there
are conditions; all must hold. Values are separated by commas; a comma in a value is written `\,` and a backslash
`\\`. An empty value stands for events without the property. Where two events have properties of one name,
`EVENT.PROPERTY` says which.

A property that the question's own event carries filters events. Any other filters through the instance. What
`server_started` says is a state: an instance has, on each day, the value of its latest start up to the end of that
day; before its first start in the range, the value of that one. What other events say happened to an instance in the
range, on whatever day. `is_not` selects exactly what `is` leaves out. `standing` is `established` or `new`, of the
instance as it is now.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ...store import STATE_EVENT
from ..filters import MAX_VALUE_LENGTH, FilterError, Filters
from .properties import ALIASES, ESTABLISHED, NOT_ESTABLISHED, STANDING_PROPERTY, EventProperty, QuestionNames

MAX_CONDITIONS, MAX_VALUES = 8, 50
_OF_FLAGS = {"true", "false", ""}
_FORM = re.compile(r"(?P<name>[^:]+(?::[^:]+)*?):(?P<relation>is|is_not):(?P<values>.*)", re.DOTALL)
_PARTS = re.compile(r"(?:\\.|[^\\,])*", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True)
class Condition:
    """One condition.

    Attributes:
        property: what it is about.
        negated: whether it is `is_not`.
        values: those that it names; '' for events without the property.
        by_instance: whether it selects instances even where the events carry the property.
        asked_name: what the question calls the property, where that is `EVENT.PROPERTY`.
    """

    property: EventProperty
    negated: bool
    values: tuple[str, ...]
    by_instance: bool = False
    asked_name: str = field(default="", compare=False)

    def written(self) -> str:
        """The condition as a query string has it."""
        return condition_text(self.asked_name or self.property.name, self.negated, self.values)

    def selects_events(self, event: str | None) -> bool:
        """Whether it is about what events of that name carry, and not about their instances."""
        return self.property.carried_by(event) and not self.by_instance


@dataclass(frozen=True)
class Segment:
    """Conditions of which all hold; none select everything."""

    conditions: tuple[Condition, ...] = ()


def parse_segment(conditions: Sequence[str], filters: Filters, names: QuestionNames, event: str | None) -> Segment:
    """The segment of some `where` and of the filters, for a question about `event`. Raises FilterError."""
    written = [_condition(text, names, event) for text in dict.fromkeys((*conditions, *filters.where))]
    for name, value in filters.active.items():
        try:
            written.append(Condition(names.property_named(ALIASES.get(name, name), event), False, (value,)))
        except FilterError:
            raise FilterError(f"{names.product} has no property {name}.") from None
    if len(written) > MAX_CONDITIONS:
        raise FilterError(f"There are {len(written)} conditions; at most {MAX_CONDITIONS} can be asked for at once.")
    return Segment(tuple(dict.fromkeys(written)))


def _condition(text: str, names: QuestionNames, event: str | None) -> Condition:
    match = _FORM.fullmatch(text)
    if match is None:
        raise FilterError("where is not of the form property:is:value,value or property:is_not:value,value.")
    try:
        about = names.property_named(match["name"], event)
    except FilterError as error:
        raise FilterError(f"where: {error}") from None
    if about.is_number:
        raise FilterError(f"where: {about.name} is a number; conditions are about words, versions and yes or no.")
    values = tuple(dict.fromkeys(_values(match["values"])))
    if about.is_flag and not {*values} <= _OF_FLAGS:
        raise FilterError(f"where: {about.name} is true or false; an empty value stands for events without it.")
    if len(values) > MAX_VALUES:
        raise FilterError(f"where: {about.name} has {len(values)} values; at most {MAX_VALUES} can be named at once.")
    if any(len(value) > MAX_VALUE_LENGTH for value in values):
        raise FilterError(f"where: a value of {about.name} is longer than {MAX_VALUE_LENGTH} characters.")
    if about is STANDING_PROPERTY:
        return _standing(match["relation"] == "is_not", values)
    asked_name = match["name"] if match["name"].endswith(f".{about.name}") else ""
    return Condition(about, match["relation"] == "is_not", values, asked_name=asked_name)


def _standing(negated: bool, values: tuple[str, ...]) -> Condition:
    """Instances that are established, or all others, ephemeral ones among them."""
    if values not in ((ESTABLISHED,), (NOT_ESTABLISHED,)):
        name = STANDING_PROPERTY.name
        raise FilterError(f"where: {name} must be {name}:is:{ESTABLISHED} or {name}:is:{NOT_ESTABLISHED}.")
    return Condition(STANDING_PROPERTY, negated is (values == (ESTABLISHED,)), (ESTABLISHED,))


def _values(text: str) -> list[str]:
    """The values between commas that no backslash precedes."""
    values, position = [], 0
    while True:
        match = _PARTS.match(text, position)
        end = match.end() if match else position
        if end < len(text) and text[end] != ",":
            raise FilterError(r"where ends with a single backslash; a backslash in a value is written \\.")
        values.append(_ESCAPED.sub(r"\1", text[position:end]))
        if end == len(text):
            return values
        position = end + 1


def condition_name(text: str) -> str:
    """The property's name in a condition of a query string; '' where it has no such form."""
    match = _FORM.fullmatch(text)
    return match["name"] if match else ""


def condition_text(name: str, negated: bool, values: Sequence[str]) -> str:
    """A condition as a query string has it, before it is percent-encoded."""
    escaped = (value.replace("\\", r"\\").replace(",", r"\,") for value in values)
    return f"{name}:{'is_not' if negated else 'is'}:{','.join(escaped)}"


# How a condition through the instance is said, of these events only; `{}` stands for the values.
_VERBS: Mapping[str, tuple[tuple[str, ...], str, str]] = {
    "k8s_version": ((STATE_EVENT,), "ran Kubernetes {}", "didn't run Kubernetes {}"),
    "deployment_method": ((STATE_EVENT,), "were deployed by {}", "weren't deployed by {}"),
    "error_type": (("tool_error",), "met {}", "didn't meet {}"),
    "mcp_client": (("tool_executed", "client_connected"), "used {}", "didn't use {}"),
    "tool": (("tool_executed", "tool_error"), "called {}", "didn't call {}"),
    "transport": (("client_connected",), "connected over {}", "didn't connect over {}"),
}
PROPERTY_WORDS = {
    "mcp_client": "client",
    "mcp_client_version": "client version",
    "ai_provider": "provider",
    "product_version": "version",
    "error_type": "error class",
    "k8s_version": "Kubernetes version",
    "deployment_method": "deployment method",
}
"""What pages call a property that has another name on the wire."""
_NOUNS = {
    "tool_executed": "calls",
    "tool_error": "errors",
    "server_started": "starts",
    "server_stopped": "stops",
    "client_connected": "connections",
}


def is_state(about: EventProperty) -> bool:
    """Whether a property that the question's event doesn't carry is a state of the instance on each day."""
    return STATE_EVENT in about.events


def describe(condition: Condition, event: str | None) -> str:
    """One phrase that says what a condition selects: events, or instances on that day or in the range."""
    if condition.selects_events(event):
        return _own_clause(condition)
    if condition.property is STANDING_PROPERTY:
        return "of instances that are not established yet" if condition.negated else "of established instances"
    when = "on that day" if is_state(condition.property) else "in the range"
    return f"of instances that {_instance_clause(condition)} {when}"


def _word(condition: Condition) -> str:
    name = condition.property.name
    # A product may call a property what a built-in one is called here, such as `version`.
    return f"own {name}" if name in PROPERTY_WORDS.values() else PROPERTY_WORDS.get(name, name)


def _own_clause(condition: Condition) -> str:
    """What a condition says of events that carry the property."""
    name, named = _word(condition), [value for value in condition.values if value]
    if not condition.negated:
        return f"whose {name} is {_joined([value or 'not given' for value in condition.values])}"
    if "" not in condition.values:
        return f"whose {name} is not {_joined(named)}"
    return f"whose {name} is given" + (f" and is not {_joined(named)}" if named else "")


def _instance_clause(condition: Condition) -> str:
    """What a condition says of an instance, such as `ran Kubernetes 1.29`."""
    about, named = condition.property, [value for value in condition.values if value]
    events = (STATE_EVENT,) if is_state(about) else about.events
    known, *verbs = _VERBS.get(about.name, ((), "", ""))
    if known and "" not in condition.values and events[:1] == known[:1] and {*events} <= {*known}:
        return verbs[condition.negated].format(_joined(named))
    clause = _state_clause if is_state(about) else _event_clause
    return clause(condition, named)


def _state_clause(condition: Condition, named: Sequence[str]) -> str:
    name, values = _word(condition), _joined(named) if named else ""
    if "" not in condition.values:
        had = "didn't have" if condition.negated else "had"
        return f"{had} {name} {values}"
    if condition.negated:
        return f"had a {name}" + (f" other than {values}" if named else "")
    return f"had {name} {values} or no {name}" if named else f"had no {name}"


def _event_clause(condition: Condition, named: Sequence[str]) -> str:
    """Of what happened to an instance: which events it had, and what they said."""
    name, nouns = _word(condition), _joined([_noun(event) for event in condition.property.events])
    such = f"whose {name} is {_joined(named)}" if named else ""
    if "" not in condition.values:
        return f"had {'no ' if condition.negated else ''}{nouns} {such}"
    if condition.negated:
        return f"had {nouns} whose {name} is given" + (f", and none {such}" if named else "")
    return f"had no {nouns} whose {name} is given" + (f", or some {such}" if named else "")


def describe_segment(segment: Segment, event: str | None) -> str:
    """`calls whose tool is query, of instances that ran Kubernetes 1.29 on that day`; of all, `calls`."""
    noun = "events" if event is None else _noun(event)
    phrases = [describe(condition, event) for condition in segment.conditions]
    own = " and ".join(phrase for phrase in phrases if phrase.startswith("whose"))
    through = " and ".join(phrase for phrase in phrases if not phrase.startswith("whose"))
    return " ".join((noun, *filter(None, (own, through))))


def _noun(event: str) -> str:
    """Several events of that name."""
    return _NOUNS.get(event, f"{event} events")


def _joined(values: Sequence[str]) -> str:
    return values[0] if len(values) == 1 else f"{', '.join(values[:-1])} or {values[-1]}"
