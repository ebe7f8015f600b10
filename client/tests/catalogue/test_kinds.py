"""There is no kind for free text: for any input, only an admissible value comes out."""

import math
import re
from pathlib import Path
from typing import Annotated, Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import defstruct

from footfall import Product, Telemetry
from footfall.catalogue import (
    EVENTS,
    QUESTIONS,
    Amount,
    CommonProperties,
    Event,
    Flag,
    Identifier,
    Kind,
    Property,
    ToolName,
    Version,
    Vocabulary,
    catalogue_for,
    clean_version,
    event_type,
    properties_of,
    round_significant,
)
from footfall.catalogue.kinds import KINDS

DOT_AI = catalogue_for("dot-ai")
TRIED: list[Kind] = [
    Vocabulary("colour", ("red", "green")),
    Vocabulary("colour", ("red", "green"), (("crimson", "red"), ("green", "red"))),
    ToolName(),
    Identifier(),
    Version(),
    Flag(),
    Amount("milliseconds", 86_400_000),
]
HOSTILE = st.one_of(
    st.text(),
    st.sampled_from(["red", "green", "crimson", "Crimson", "other"]),
    st.from_regex(r"v?\d{1,7}(\.\d{1,7}){0,4}([-+.]?[a-z]{0,6}\d*)?", fullmatch=True),
    st.emails(),
    st.uuids().map(str),
    st.ip_addresses().map(str),
    st.floats(),
    st.integers(),
    st.booleans(),
    st.none(),
    st.binary(),
    st.lists(st.text(), max_size=3),
    st.dictionaries(st.text(), st.text(), max_size=3),
)


def admissible(kind: Kind, value: Any) -> bool:
    """The values that each kind admits, implemented a second time in another way."""
    if isinstance(kind, Vocabulary):
        return value in {*kind.words, "other"}
    if isinstance(kind, ToolName):
        return isinstance(value, str) and len(value) <= 128 and not re.search(r"[^A-Za-z0-9_./-]", value)
    if isinstance(kind, Identifier):
        return isinstance(value, str) and value.isascii() and value.isidentifier() and len(value) <= 64
    if isinstance(kind, Version):
        numbers, _, tag = value.partition("-")
        parts = numbers.split(".")
        good = len(parts) <= 3 and all(p.isascii() and p.isdigit() and len(p) <= 5 for p in parts)
        return value == "other" or (good and tag in {"", "alpha", "beta", "rc", "dev"})
    if isinstance(kind, Flag):
        return isinstance(value, bool)
    digits = f"{value:.10f}".replace(".", "").strip("0")
    return 0 <= value <= kind.maximum and len(digits) <= 2


@pytest.mark.parametrize("kind", TRIED, ids=lambda k: k.label)
@given(value=HOSTILE)
def test_a_kind_never_raises_and_admits_only_what_it_says(kind: Kind, value: object) -> None:
    admitted = kind.checker()(value)
    assert admitted is None or admissible(kind, admitted)


@pytest.mark.parametrize("kind", TRIED, ids=lambda k: k.label)
@given(value=HOSTILE)
def test_admitting_twice_changes_nothing(kind: Kind, value: object) -> None:
    check = kind.checker()
    once = check(value)
    assert once is None or check(once) == once


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ("v1.31.2-gke.1", "1.31.2"),
        ("1.0.48", "1.0.48"),
        ("2.0.0rc1", "2.0.0-rc"),
        ("1.0.0-beta.2", "1.0.0-beta"),
        ("1.2.3.dev4", "1.2.3-dev"),
        ("1.2.3+build.cluster-name", "1.2.3"),
        ("1.2.3-alphacentauri", "1.2.3"),
        ("3", "3"),
        ("10.0.0.1", "other"),
        ("1.2.345678", "other"),
        ("latest", "other"),
        ("\u0661.\u0662.\u0663", "other"),
        ("", None),
        (None, None),
    ],
)
def test_a_version_keeps_three_short_numbers_and_a_tag(given_: object, kept: str | None) -> None:
    assert clean_version(given_) == kept


@pytest.mark.parametrize(
    ("given_", "kept"),
    [(0, 0), (0.004, 0), (0.126, 0.13), (1.25, 1.2), (12.5, 12), (99.6, 100), (1234, 1200), (10**12, 86_000_000)],
)
def test_durations_keep_two_significant_digits(given_: float, kept: float) -> None:
    assert Amount("milliseconds", 86_400_000).checker()(given_) == kept


@pytest.mark.parametrize("given_", [-1, -0.5, math.nan, "12", True, None])
def test_a_value_that_is_no_amount_is_refused(given_: object) -> None:
    assert Amount("milliseconds", 86_400_000).checker()(given_) is None


def test_a_tool_must_be_registered_where_the_registered_ones_are_known() -> None:
    check = ToolName().checker({"recommend"})
    assert check("recommend") == "recommend"
    assert check("secret-project-delete") == "other"


def test_the_promise_is_complete_and_exact() -> None:
    """The events and properties of the Telemetry Guide, and no other."""
    catalogue = catalogue_for("dot-ai")
    assert {name: list(event.properties) for name, event in catalogue.events.items()} == {
        "tool_executed": ["tool", "success", "duration_ms", "mcp_client"],
        "tool_error": ["tool", "error_type"],
        "server_started": ["k8s_version", "deployment_method"],
        "server_stopped": ["uptime_seconds"],
        "client_connected": ["mcp_client", "mcp_client_version", "transport"],
    }
    assert list(catalogue.common) == ["dot_ai_version", "ai_provider", "is_internal"]
    assert next(iter(catalogue_for("my-server").common)) == "my_server_version"


@pytest.mark.parametrize("struct", [*EVENTS, CommonProperties], ids=lambda s: s.__name__)
def test_every_property_has_a_meaning_and_a_purpose(struct: type[Event]) -> None:
    for name, property_ in properties_of(struct).items():
        assert len(property_.meaning) > 10, name
        assert len(property_.purpose) > 10, name
        assert property_.question in QUESTIONS, name
        assert re.fullmatch(r"\d+\.\d+", property_.since), name


def test_a_property_without_a_kind_can_not_be_declared() -> None:
    class Query(Event, frozen=True, tag="query"):
        """A query."""

        text: str

    with pytest.raises(TypeError, match=r"Query\.text has no footfall Property"):
        event_type(Query)


@given(value=st.floats(0, 1e9) | st.integers(0, 10**9) | st.integers(0, 10**6).map(lambda cents: cents / 100))
def test_two_significant_digits_are_those_that_scientific_notation_shows(value: float) -> None:
    expected = round(value, 2) if value < 1 else float(f"{value:.1e}")
    rounded = round_significant(value)
    assert rounded == expected
    assert isinstance(rounded, int) == (expected == int(expected))


@settings(deadline=None)
@given(event=st.sampled_from(EVENTS), data=st.data())
def test_an_event_is_checked_the_same_as_an_object_and_by_its_properties(
    event: type[Event], data: st.DataObject
) -> None:
    value = st.none() | st.booleans() | st.floats() | st.text(max_size=9)
    values = {name: data.draw(value) for name in event.__struct_fields__}
    name, tools = event_type(event).name, {"recommend"}
    assert DOT_AI.event_checks(tools)[name](event(**values)) == DOT_AI.checks(tools)[name](values.get)


def test_another_name_of_a_word_counts_as_the_word_and_a_word_stays_what_it_is() -> None:
    admit = Vocabulary("colour", ("red", "green"), (("crimson", "red"), ("green", "red"))).checker()
    assert [admit(value) for value in ("red", "crimson", "green", "Crimson", "")] == [
        "red", "red", "green", "other", "other",
    ]  # fmt: skip


def test_a_product_with_client_names_of_its_own_keeps_the_other_names_of_words() -> None:
    extended = Vocabulary("colour", ("red",), (("crimson", "red"),)).extended(["blue"])
    assert [extended.checker()(value) for value in ("crimson", "blue")] == ["red", "blue"]


# What dot-ai 2.2 writes into `ai_provider`, and the bar that each of them fills.
DOT_AI_PROVIDERS = {
    "anthropic": "anthropic",
    "anthropic_opus": "anthropic",
    "anthropic_haiku": "anthropic",
    "openai": "openai",
    "google": "google",
    "google_flash": "google",
    "xai": "xai",
    "kimi": "kimi",
    "alibaba": "alibaba",
    "mistral": "mistral",
    "copilot": "copilot",
    "amazon_bedrock": "amazon_bedrock",
    "openrouter": "openrouter",
    "host": "host",
    "custom": "custom",
    "unknown": "none",
}


@pytest.mark.parametrize(("written", "counted"), DOT_AI_PROVIDERS.items())
def test_every_provider_that_dot_ai_writes_counts_as_one_of_the_words(written: str, counted: str) -> None:
    assert DOT_AI.common["ai_provider"].kind.checker()(written) == counted


class Anything(Identifier, frozen=True):
    """A subclass of a kind that admits every value."""

    def checker(self, tools: object = None) -> Any:
        return lambda value: value


class Likeness:
    """An object that only looks like a kind."""

    label = "code identifier"

    def checker(self, tools: object = None) -> Any:
        return lambda value: value

    def schema(self) -> dict[str, Any]:
        return {}


def event_with(own: Any) -> Any:
    """An event with one property."""
    struct = defstruct("Leak", [("text", Annotated[str, own])], bases=(Event,), frozen=True, tag="leak")
    struct.__doc__ = "A leak."
    return struct


@pytest.mark.parametrize(
    "kind",
    [Anything(), Likeness(), Identifier, None, "text"],
    ids=("Anything", "Likeness", "Identifier", "None", "text"),
)
def test_a_kind_that_is_not_exactly_one_of_ours_is_refused(kind: Any) -> None:
    struct = event_with(Property(kind=kind, meaning="m", purpose="p", question="tools"))
    with pytest.raises(TypeError, match=r"Leak\.text .* not one of footfall's: Vocabulary, ToolName, Identifier"):
        catalogue_for("test", events=(struct,))


class OwnProperty(Property, frozen=True):
    """A subclass of `Property`."""


def test_a_subclass_of_property_is_no_property() -> None:
    struct = event_with(OwnProperty(kind=Flag(), meaning="m", purpose="p", question="tools"))
    with pytest.raises(TypeError, match="has no footfall Property"):
        properties_of(struct)


def test_a_telemetry_with_a_foreign_kind_is_off_and_says_why(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    kind: Any = Likeness()
    struct = event_with(Property(kind=kind, meaning="m", purpose="p", question="tools"))
    environ = {"TEST_TELEMETRY_STATE_DIR": str(tmp_path / "state"), "HOME": str(tmp_path)}
    telemetry = Telemetry(Product("test", write_key="k", host="http://127.0.0.1:9", catalogue=(struct,)), environ)
    assert not telemetry.active
    assert "Leak.text has the kind Likeness" in caplog.text


def test_an_alias_leads_to_a_word_and_to_nothing_else() -> None:
    aliases: Any = (("a", "red"), ("b", {"free": "text"}.items), ("c", "a user's words"))
    check = Vocabulary("colour", ("red",), aliases).checker()
    assert [check(name) for name in ("a", "b", "c")] == ["red", "other", "other"]


def test_every_kind_says_what_it_carries_at_most() -> None:
    assert {type(kind) for kind in TRIED} == set(KINDS) == set(get_args(Kind))
    for kind in KINDS:
        assert re.search(r"[Aa]t most it carries|It carries", " ".join(str(kind.__doc__).split())), kind


@pytest.mark.parametrize(("length", "expected"), [(64, True), (65, True), (128, True), (129, False)])
def test_a_tool_s_name_has_at_most_the_128_characters_of_the_protocol(length: int, expected: bool) -> None:
    name = "t" * length
    for tools in (None, {name}):
        assert (ToolName().checker(tools)(name) == name) is expected
