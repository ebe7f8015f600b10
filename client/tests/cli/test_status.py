"""`footfall status`: on or off and why, instance, destination, waiting, sent and dropped events, and errors."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from client.tests.cli.rig import KINDS, NOBODY, Machine
from tests.support.capture_server import CaptureServer
from tests.support.waiting import wait_for

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
INVALID = {"invalid": 1}


def test_in_the_grace_period_all_events_wait(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "home")
    with machine.serving():
        wait_for(lambda: (machine.state / "product.json").exists(), "the server to know who it is")
        told = machine.told("status")
    identity = json.loads((machine.state / "identity.json").read_text())["id"]
    assert {key: told[key] for key in ("product", "telemetry", "because", "instance", "destination")} == {
        "product": "post",
        "telemetry": "on",
        "because": "on by default",
        "instance": identity,
        "destination": NOBODY,
    }
    assert told["instance_made"].startswith("random, kept in identity.json of the state directory")
    assert told["waiting_events"] == KINDS - 1
    assert told["waiting_bytes"] > 100
    assert (told["sent"], told["last_sent"], told["next_try"], told["last_error"]) == (0, None, None, None)
    assert _MOMENT.fullmatch(told["sending_begins"])
    assert (told["state_directory"], told["warnings"]) == (str(machine.state), [])


def test_sent_events_are_counted_and_dropped_ones_by_reason(tmp_path: Path) -> None:
    with CaptureServer() as capture:
        machine = Machine(tmp_path / "home", capture.url, grace=0)
        machine.run()
        machine.run()
        assert len(capture.events) == 2 * KINDS
    told = machine.told("status")
    assert (told["sent"], told["waiting_events"], told["dropped"]) == (2 * KINDS, 0, {"invalid": 2})
    assert _MOMENT.fullmatch(told["last_sent"])
    assert "2 invalid: a required property has no admissible value" in machine.footfall("status")


def test_an_outage_is_shown_with_its_reason_and_the_next_try(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "home", NOBODY, grace=0)
    with machine.serving():
        told = wait_for(
            lambda: (seen := machine.told("status", "--product", "post"))["last_error"] and seen, "an error"
        )
    assert told["last_error"] == "the connection was refused"
    assert _MOMENT.fullmatch(told["next_try"])
    assert told["waiting_events"] >= KINDS - 1


@pytest.mark.parametrize(
    ("variables", "mode", "because"),
    [
        ({}, "on", "on by default"),
        ({"POST_TELEMETRY": "true"}, "on", "POST_TELEMETRY says so"),
        ({"POST_TELEMETRY": "No"}, "off", "POST_TELEMETRY says so"),
        ({"POST_TELEMETRY": "preview"}, "preview", "POST_TELEMETRY=preview"),
        (
            {"POST_TELEMETRY": "flase"},
            "off",
            "POST_TELEMETRY must be true, false or preview: its value is neither on nor off",
        ),
        ({"DO_NOT_TRACK": "1", "POST_TELEMETRY": "true"}, "off", "DO_NOT_TRACK is set"),
        ({"POST_POSTHOG_KEY": ""}, "unknown", "on by default; post has not run here yet with telemetry on"),
        ({"POST_POSTHOG_KEY": "phx_5ecret"}, "off", "POST_POSTHOG_KEY is a personal key (phx_...), which is secret"),
    ],
    ids=str,
)
def test_it_shows_whether_telemetry_is_on_and_why(
    tmp_path: Path, variables: dict[str, str], mode: str, because: str
) -> None:
    machine = Machine(tmp_path / "home").with_variables(**variables)
    told = machine.told("status", "--product", "post")
    assert told["telemetry"] == mode
    assert told["because"].startswith(because)
    assert not any("the product's own key is used" in warning for warning in told["warnings"])


def test_before_the_first_run_it_says_so_instead_of_guessing(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "home").with_variables(POST_POSTHOG_KEY="", POST_POSTHOG_HOST="")
    told = machine.told("status", "--product", "post")
    assert (told["telemetry"], told["destination"], told["instance"]) == ("unknown", None, None)
    assert told["because"] == "on by default; post has not run here yet with telemetry on"
    shown = machine.footfall("status", "--product", "post")
    assert re.search("^destination +known after the first start$", shown, re.MULTILINE)
    assert "no write key" not in shown
    machine.run()
    told = machine.told("status")
    assert (told["telemetry"], told["because"]) == ("on", "on by default")
    assert told["destination"] == "https://eu.i.posthog.com"


def test_a_host_without_a_key_is_warned_about(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "home")
    machine.run()
    told = machine.with_variables(POST_POSTHOG_KEY="").told("status")
    assert told["warnings"] == ["POST_POSTHOG_HOST is set without POST_POSTHOG_KEY: the product's own key is used"]
    assert "warning" in machine.with_variables(POST_POSTHOG_KEY="").footfall("status")


def test_an_unknown_variable_about_telemetry_is_named_as_the_reason(tmp_path: Path) -> None:
    told = Machine(tmp_path / "home").with_variables(POST_NO_TELEMETRY="1").told("status", "--product", "post")
    assert told["telemetry"] == "off"
    assert told["because"].startswith("POST_NO_TELEMETRY is no variable of Footfall's, and ")
    assert told["because"].endswith("did you mean POST_TELEMETRY?")


def test_a_misspelt_destination_is_warned_about(tmp_path: Path) -> None:
    told = Machine(tmp_path / "home").with_variables(POST_POSTHOG_API_KEY="x").told("status", "--product", "post")
    assert told["warnings"] == ["POST_POSTHOG_API_KEY is no variable of Footfall's; did you mean POST_POSTHOG_KEY?"]


@pytest.mark.parametrize("before", [True, False], ids=["after a run", "before the first run"])
def test_the_text_is_aligned_and_has_everything_that_json_has(tmp_path: Path, before: bool) -> None:
    machine = Machine(tmp_path / "home")
    if before:
        machine.run()
    told: dict[str, Any] = machine.told("status", "--product", "post")
    lines = machine.footfall("status", "--product", "post").splitlines()
    columns = {match.end() for line in lines if (match := re.match(r"\S+(?: \S+)* {2,}", line))}
    assert len(columns) == 1, lines
    column = columns.pop()
    shown = {line[:column].strip(): line[column:] for line in lines}
    assert {name.replace(" ", "_") for name in shown} >= told.keys() - {
        "waiting_events",
        "waiting_bytes",
        "dropped",
        "notes",
        "other_tools",
        "warnings",
    }
    assert shown["waiting"] == f"{told['waiting_events']} events, {told['waiting_bytes']} bytes"
    for name, value in told.items():
        if isinstance(value, str):
            assert shown[name.replace("_", " ")] == value
    if not before:
        assert (shown["instance"], shown["last sent"], shown["last error"]) == ("not made yet", "never", "none")


def test_with_several_products_one_must_be_chosen(tmp_path: Path) -> None:
    for name in ("post", "bank"):
        Machine(tmp_path / "home", name=name).run()
    machine = Machine(tmp_path / "home")
    done = machine.ended("status")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"Add --product NAME (known here: bank, post)" in done.stderr
    assert machine.told("status", "--product", "bank")["product"] == "bank"


def test_an_invalid_product_name_is_a_plain_error(tmp_path: Path) -> None:
    done = Machine(tmp_path / "home").ended("status", "--product", "No Such")
    assert done.returncode == 1
    assert b"use lower-case words joined by '-'" in done.stderr


@pytest.mark.parametrize("command", ["status", "preview", "log", "dictionary", "guide", "init", "forget", "off", "on"])
def test_every_command_has_help_with_an_example(tmp_path: Path, command: str) -> None:
    machine = Machine(tmp_path / "home")
    assert f"example: footfall {command}" in machine.footfall(command, "--help")
    assert re.search(rf"^    {command}\b", machine.footfall("--help"), re.MULTILINE)
