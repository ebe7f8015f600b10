"""The client's own code reads the rendered environment as the chart's values say."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.tests.charts import render
from footfall.settings import Product, Settings, decide_by_environment

PRODUCT = Product("dot-ai", version="2.2.0", write_key="phc_products_own")
SWITCHES = [
    "true",
    "false",
    "TRUE",
    "False",
    "0",
    "1",
    "no",
    "yes",
    "on",
    "off",
    "preview",
    "",
    " false ",
    "flase",
    "nil",
]


def mode(values: dict[str, Any]) -> str:
    """What the client decides in the environment that the values render to."""
    return decide_by_environment(PRODUCT, render(values).environment()).mode


@pytest.mark.parametrize(("enabled", "decided"), [(True, "on"), ("true", "on"), (False, "off"), ("false", "off")])
def test_enabled_works_as_a_boolean_and_as_a_quoted_string(enabled: Any, decided: str) -> None:
    assert mode({"telemetry": {"enabled": enabled}}) == decided


@pytest.mark.parametrize(
    "extra",
    [
        [{"name": "DOT_AI_TELEMETRY", "value": "false"}],
        [{"name": "DOT_AI_TELEMETRY", "value": False}],
        {"DOT_AI_TELEMETRY": "false"},
        {"DOT_AI_TELEMETRY": False},
        {"DO_NOT_TRACK": 1},
        {"DO_NOT_TRACK": "yes"},
    ],
)
def test_extra_env_turns_telemetry_off_as_the_guide_shows_it(extra: Any) -> None:
    assert mode({"extraEnv": extra}) == "off"


def test_the_host_and_the_key_are_the_ones_of_the_values() -> None:
    read = Settings.read(PRODUCT, render({"telemetry": {"host": "http://c:8765/", "key": "phc_mine"}}).environment())
    assert (read.host, read.key, read.warnings) == ("http://c:8765", "phc_mine", ())


def test_the_chart_says_that_helm_installed_it_and_where_state_is() -> None:
    read = Settings.read(PRODUCT, render().environment())
    assert (read.deployment_method, read.state_dir, read.state_dir_configured) == (
        "helm",
        "/var/lib/footfall/state",
        True,
    )
    assert (read.host, read.key) == (PRODUCT.host, PRODUCT.write_key)


def test_the_key_can_come_from_a_secret_that_must_exist_only_while_telemetry_is_on() -> None:
    def reference(enabled: bool) -> dict[str, Any]:
        env = render({"telemetry": {"enabled": enabled, "existingSecret": {"name": "s", "key": "k"}}}).env
        (entry,) = [e for e in env if e["name"] == "DOT_AI_POSTHOG_KEY"]
        assert "value" not in entry
        return dict(entry["valueFrom"]["secretKeyRef"])

    assert reference(enabled=True) == {"name": "s", "key": "k", "optional": False}
    assert reference(enabled=False) == {"name": "s", "key": "k", "optional": True}


def test_the_chart_leaves_saying_on_to_others() -> None:
    """A DOT_AI_TELEMETRY=false out of a ConfigMap (extraEnvFrom) would lose against a variable that the chart sets."""
    assert "DOT_AI_TELEMETRY" not in render().environment()


@pytest.mark.parametrize("as_map", [False, True])
def test_extra_env_wins_over_the_charts_own_variables_and_no_name_stands_twice(as_map: bool) -> None:
    own = {"telemetry": {"enabled": False, "host": "https://chart.example.com", "existingSecret": {"name": "s"}}}
    mine = {e["name"]: "mine" for e in render(own).env}
    assert len(mine) == 5
    extra: Any = mine if as_map else [{"name": n, "value": v} for n, v in mine.items()]
    rendered = render({**own, "extraEnv": extra})
    assert rendered.environment() == mine
    assert len(rendered.env) == len(mine)


def test_of_a_name_that_stands_twice_in_extra_env_the_last_counts() -> None:
    rendered = render({"extraEnv": [{"name": "A", "value": "1"}, {"name": "B"}, {"name": "A", "value": "2"}]})
    assert [(e["name"], e["value"]) for e in rendered.env if e["name"] in "AB"] == [("A", "2"), ("B", "")]


def test_values_of_a_map_may_be_numbers_booleans_references_or_taken_away() -> None:
    reference = {"valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}
    extra = {"N": 1000000, "F": 0.5, "B": True, "R": reference, "GONE": None, "DOT_AI_TELEMETRY_GRACE_SECONDS": 0}
    rendered = render({"extraEnv": extra})
    given = {e["name"]: e for e in rendered.env}
    assert {n: given[n]["value"] for n in "NFB"} == {"N": "1000000", "F": "0.5", "B": "true"}
    assert given["R"] == {"name": "R", **reference}
    assert "GONE" not in given
    assert Settings.read(PRODUCT, rendered.environment()).grace_seconds == 0


@settings(max_examples=60, deadline=None)
@given(
    enabled=st.sampled_from([True, False, "true", "false"]),
    switch=st.none() | st.sampled_from(SWITCHES) | st.booleans(),
    do_not_track=st.none() | st.sampled_from(["", "0", "1", "false", "False", " 0 ", "true", "x"]),
    as_map=st.booleans(),
)
def test_the_chart_and_the_client_decide_alike(enabled: Any, switch: Any, do_not_track: Any, as_map: bool) -> None:
    """The right to read kube-system is there exactly where the client would use it."""
    extra = {"DOT_AI_TELEMETRY": switch, "DO_NOT_TRACK": do_not_track}
    given = {name: value for name, value in extra.items() if value is not None}
    shaped: Any = given if as_map else [{"name": n, "value": v} for n, v in given.items()]
    rendered = render({"telemetry": {"enabled": enabled}, "extraEnv": shaped})
    decided = decide_by_environment(PRODUCT, rendered.environment()).mode
    assert bool(rendered.rules("-telemetry")) == (decided != "off")
    assert ("TELEMETRY IS ON" in rendered.notes) == (decided != "off")
