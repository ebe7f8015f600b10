"""A variable with the product's prefix that speaks of telemetry and is not exactly one of ours turns telemetry off."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall import Product, Telemetry
from footfall.settings import Settings, decide
from footfall.settings.opt_out import _VARIABLES

DOT_AI = Product("dot-ai", version="2.2.0", write_key="phc_key", host="http://127.0.0.1:9")
PROGRAM = """
import logging, sys
logging.basicConfig(format="%(message)s", stream=sys.stdout)
from footfall import Product, Telemetry
telemetry = Telemetry(Product("dot-ai", write_key="phc_key", host="http://127.0.0.1:9"))
print(telemetry.active, sorted(name for name in sys.modules if name.startswith("footfall")))
"""
DECIDING = ["footfall", "footfall.record", "footfall.record.manual_calls", "footfall.settings"]
DECIDING += ["footfall.settings.opt_out", "footfall.settings.product", "footfall.telemetry", "footfall.version"]
NAMES = {
    "DOT_AI_TELEMETRY_ENABLED": "TELEMETRY",
    "DOT_AI_TELEMETRY_DISABLED": "TELEMETRY",
    "DOT_AI_TELEMETRY_OPT_OUT": "TELEMETRY",
    "DOT_AI_TELEMETRY_": "TELEMETRY",
    "DOT_AI_TELEMETRY_URL": "TELEMETRY",
    "DOT_AI_TELEMETRY_KEY": "POSTHOG_KEY",
    "DOT_AI_TELEMETRY_HOST": "POSTHOG_HOST",
    "DOT_AI_TELEMETRY_STATE_DIRECTORY": "TELEMETRY_STATE_DIR",
    "DOT_AI_TELEMETRY_GRACE_SECOND": "TELEMETRY_GRACE_SECONDS",
    "DOT_AI_NO_TELEMETRY": "TELEMETRY",
    "DOT_AI_DISABLE_TELEMETRY": "TELEMETRY",
    "DOT_AI_DO_NOT_TRACK": "TELEMETRY",
    "DOT_AI_DNT": "TELEMETRY",
    "DOT_AI_TRACKING": "TELEMETRY",
    "DOT_AI_USAGE_TRACKING_DISABLED": "TELEMETRY",
    "DOT_AI_ANALYTICS": "TELEMETRY",
    "DOT_AI_ANONYMOUS_ANALYTICS": "TELEMETRY",
    "DOT_AI_telemetry": "TELEMETRY",
    "dot_ai_telemetry": "TELEMETRY",
    "Dot_Ai_No_Telemetry": "TELEMETRY",
    "DOTAI_TELEMETRY": "TELEMETRY",
    "DOTAI_NO_TELEMETRY": "TELEMETRY",
    "DOTAITELEMETRY": "TELEMETRY",
    "dotai_telemetry": "TELEMETRY",
    "dot-ai-telemetry": "TELEMETRY",
    "DOT_AI__TELEMETRY": "TELEMETRY",
    "DOT_AI/TELEMETRY": "TELEMETRY",
    "DOT:AI:TELEMETRY": "TELEMETRY",
    "DOTAIDNT": "TELEMETRY",
    "DOTAI_DONTTRACK": "TELEMETRY",
    "DOTAIDONTTRACK": "TELEMETRY",
    "DOTAIOPTOUTTELEMETRY": "TELEMETRY",
    "DOTAIUSEANALYTICS": "TELEMETRY",
    "DOT_AI_OPT_OUT": "TELEMETRY",
    "DOT_AI_OPTOUT": "TELEMETRY",
    "DOT_AI_FOOTFALL": "TELEMETRY",
    "DOT_AI_FOOTFALL_DISABLED": "TELEMETRY",
    "DOT_AI_NO_POSTHOG": "TELEMETRY",
    "DOT_AI_TELEMETY": "TELEMETRY",
    "DOT_AI_TELMETRY": "TELEMETRY",
    "DOT_AI_TELEMTERY": "TELEMETRY",
    "DOT_AI_TELEMETERY": "TELEMETRY",
    "DOT_AI_TLEMETRY": "TELEMETRY",
    "DOT_AI_TELEMTRY_ENABLED": "TELEMETRY",
    "DOT_AI_NO_TELEMETY": "TELEMETRY",
    "DOT_AI_DISABLE_ANALITICS": "TELEMETRY",
    "DOT_AI_TELEMETY_STATE_DIR": "TELEMETRY_STATE_DIR",
    "DOT_AI_POSTHOG": "TELEMETRY",
    "DOT_AI_POSTHOG_DISABLED": "TELEMETRY",
}


def env(state: Path | str, variables: Mapping[str, str]) -> dict[str, str]:
    return {"DOT_AI_TELEMETRY_STATE_DIR": str(state), **variables}


@pytest.mark.parametrize("value", ["false", "true", "1", ""])
@pytest.mark.parametrize(("name", "intended"), NAMES.items(), ids=NAMES)
def test_it_is_off_whatever_its_value_and_one_line_names_the_right_variable(
    name: str, intended: str, value: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    variables = {"DOT_AI_TELEMETRY": "true", name: value}
    assert not Telemetry(DOT_AI, env(tmp_path / "state", variables)).active
    (line,) = caplog.messages
    assert line.startswith(f"dot-ai telemetry is off: {name} is no variable of Footfall's, ")
    assert line.endswith(f"did you mean DOT_AI_{intended}?")
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("variable", ["DOT_AI_TELEMETRY_ENABLED=false", "DOTAI_TELEMETRY=false", "do_not_track=1"])
def test_a_real_process_with_it_collects_nothing(variable: str, tmp_path: Path) -> None:
    name, _, value = variable.partition("=")
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], name: value}
    command = [sys.executable, "-c", PROGRAM]
    shown = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert shown.splitlines()[-1] == f"False {DECIDING}"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    [
        "DOT_AIX_TELEMETRY",
        "DOTAIX_TELEMETRY",
        "DOT_TELEMETRY",
        "OTHER_AI_TELEMETRY",
        "MY_DOT_AI_TELEMETRY",
        "TELEMETRY",
        "NO_TELEMETRY",
        "DOT_AI_OTEL_EXPORTER",
        "DOT_AI_POST_HOST",
        "DOT_AI_POSTGRES_HOST",
        "DOT_AI_METRICS",
        "DOT_AI_TRACING",
        "DOT_AI_TRACE_ID",
        "DOT_AI_RACK",
        "DOT_AI_HOTEL_KEY",
        "DOT_AI_ANALYSIS",
        "DOT_AI_AI_KEY",
        "DOT_AI_OPTIONS",
        "DOT_AI_POSTHOG_PROJECT",
        "DOTAI_X_OPTIMIZE",
    ],
)
def test_a_variable_of_another_program_changes_nothing(name: str) -> None:
    decision = decide(DOT_AI, env("/nonexistent", {name: "false"}))
    assert (decision.mode, decision.warnings) == ("on", ())


def test_the_variables_that_kubernetes_sets_for_a_service_are_nobody_s_wish() -> None:
    service = {
        "DOT_AI_TELEMETRY_SERVICE_HOST": "10.0.0.1",
        "DOT_AI_TELEMETRY_SERVICE_PORT": "8765",
        "DOT_AI_TELEMETRY_SERVICE_PORT_HTTP": "8765",
        "DOT_AI_TELEMETRY_PORT": "tcp://10.0.0.1:8765",
        "DOT_AI_TELEMETRY_PORT_8765_TCP": "tcp://10.0.0.1:8765",
        "DOT_AI_TELEMETRY_PORT_8765_TCP_ADDR": "10.0.0.1",
    }
    assert decide(DOT_AI, env("/nonexistent", service)).mode == "on"
    assert decide(DOT_AI, env("/nonexistent", {"DOT_AI_TELEMETRY_SERVICE_PORT": "8765"})).mode == "off"


@pytest.mark.parametrize(("name", "intended"), [("POSTHOG_API_KEY", "POSTHOG_KEY"), ("POSTHGO_HOST", "POSTHOG_HOST")])
def test_a_misspelt_destination_is_warned_about_without_its_value(name: str, intended: str) -> None:
    decision = decide(DOT_AI, env("/nonexistent", {f"DOT_AI_{name}": "5ecret"}))
    assert decision.mode == "on"
    assert decision.warnings == (f"DOT_AI_{name} is no variable of Footfall's; did you mean DOT_AI_{intended}?",)


class _Read(dict[str, str]):
    """An environment that remembers what is read from it."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def get(self, name: str, default: str = "") -> str:  # type: ignore[override] # narrower on purpose
        self.names.add(name)
        return default


def test_no_variable_that_is_read_turns_telemetry_off() -> None:
    environ = _Read()
    decide(DOT_AI, environ)
    Settings.read(DOT_AI, environ)
    own = {name.removeprefix("DOT_AI_") for name in environ.names if name.startswith("DOT_AI_")}
    assert own - {"DEPLOYMENT_METHOD"} == set(_VARIABLES)
    on = {name: "true" for name in environ.names if name.startswith("DOT_AI_")}
    assert decide(DOT_AI, on).mode == "on"


WORDS = st.sampled_from(["TELEMETRY", "TRACKING", "TRACK", "ANALYTICS", "telemetry", "Analytics"])
OTHER = st.text(st.sampled_from("ABCXYZ_0189abc"), max_size=8)


@given(before=OTHER, word=WORDS, after=OTHER, value=st.text(max_size=5))
def test_no_name_with_such_a_word_collects_unless_it_is_exactly_ours(
    before: str, word: str, after: str, value: str
) -> None:
    name = f"DOT_AI_{before}{word}{after}"
    ours = name.removeprefix("DOT_AI_") in _VARIABLES
    assert ours or decide(DOT_AI, env("/nonexistent", {name: value})).mode == "off"


@given(name=st.text(st.characters(exclude_characters="\0="), max_size=30))
def test_any_name_is_decided_on_and_said_in_one_line_of_ascii(name: str) -> None:
    decision = decide(DOT_AI, env("/nonexistent", {f"DOT_AI_TELEMETRY{name}.": "x"}))
    assert decision.mode == "off"
    assert decision.reason.isascii()
    assert decision.reason.isprintable()
