"""Off with one variable; any off wins; a value that is not clearly on never collects."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall import Product, Telemetry
from footfall.settings import Settings, decide

DOT_AI = Product("dot-ai", version="2.2.0", write_key="phc_key")


def env(state: Path | str, **variables: str) -> dict[str, str]:
    return {"DOT_AI_TELEMETRY_STATE_DIR": str(state), **variables}


@pytest.mark.parametrize("value", ["false", "FALSE", "0", "no", "Off", " false "])
def test_every_spelling_of_no_is_off(tmp_path: Path, value: str) -> None:
    assert decide(DOT_AI, env(tmp_path, DOT_AI_TELEMETRY=value)).mode == "off"


@pytest.mark.parametrize("value", ["true", "1", "yes", "ON", ""])
def test_on_by_default_and_by_every_spelling_of_yes(tmp_path: Path, value: str) -> None:
    assert decide(DOT_AI, env(tmp_path, DOT_AI_TELEMETRY=value)).mode == "on"


@given(value=st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"])))
def test_no_other_value_ever_collects(value: str) -> None:
    decision = decide(DOT_AI, env("/nonexistent", DOT_AI_TELEMETRY=value))
    clearly_on = value.strip().lower() in {"", "true", "1", "yes", "on"}
    assert (decision.mode == "on") == clearly_on


@pytest.mark.parametrize("name", ["DO_NOT_TRACK", "do_not_track", "Do_Not_Track", "DONOTTRACK", "do-not-track"])
@pytest.mark.parametrize("value", ["1", "true", "yes", "anything"])
def test_do_not_track_is_off_even_if_the_switch_says_on(tmp_path: Path, name: str, value: str) -> None:
    decision = decide(DOT_AI, env(tmp_path, DOT_AI_TELEMETRY="true", **{name: value}))
    assert (decision.mode, decision.reason) == ("off", f"{name} is set")


@pytest.mark.parametrize("name", ["DO_NOT_TRACK", "do_not_track"])
@pytest.mark.parametrize("value", ["", "0", "false"])
def test_an_empty_or_false_do_not_track_changes_nothing(tmp_path: Path, name: str, value: str) -> None:
    assert decide(DOT_AI, env(tmp_path, **{name: value})).mode == "on"


def test_two_spellings_of_do_not_track_are_both_read(tmp_path: Path) -> None:
    assert decide(DOT_AI, env(tmp_path, DO_NOT_TRACK="0", do_not_track="1")).mode == "off"


def test_footfall_off_wins_over_an_environment_that_says_on(tmp_path: Path) -> None:
    (tmp_path / "off").write_text("{}")
    assert decide(DOT_AI, env(tmp_path, DOT_AI_TELEMETRY="true")).mode == "off"


def test_another_product_s_switch_changes_nothing(tmp_path: Path) -> None:
    assert decide(DOT_AI, env(tmp_path, OTHER_AI_TELEMETRY="false")) == decide(DOT_AI, env(tmp_path))


def test_correct_names_cost_no_comparison(tmp_path: Path) -> None:
    program = (
        "import sys; from footfall.settings import Product, decide; "
        "print(decide(Product('dot-ai')).mode, 'difflib' in sys.modules)"
    )
    variables = {"DOT_AI_POSTHOG_KEY": "phc_theirs", "DOT_AI_AUTH_TOKEN": "abc", "HOME": str(tmp_path)}
    command = [sys.executable, "-c", program]
    process = subprocess.run(command, env=env(tmp_path, **variables), capture_output=True, text=True, check=True)
    assert process.stdout == "on False\n"


def test_off_creates_nothing_and_every_method_does_nothing(tmp_path: Path) -> None:
    state = tmp_path / "state"
    telemetry = Telemetry(DOT_AI, env(state, DOT_AI_TELEMETRY="false"))
    telemetry.server_started()
    telemetry.register_tools("recommend")
    with telemetry.tool("recommend"):
        pass
    telemetry.server_stopped(0.1)
    telemetry.close()
    assert not telemetry.active
    assert not state.exists()


def test_off_deletes_unsent_events_and_nothing_else(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    (spool / "01790000000-0000000000000000.seg").write_bytes(b"unsent")
    (tmp_path / "identity.json").write_text("{}")
    Telemetry(DOT_AI, env(tmp_path, DOT_AI_TELEMETRY="false"))
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["identity.json", "spool"]


def test_without_a_write_key_nothing_is_collected(tmp_path: Path) -> None:
    telemetry = Telemetry(Product("dot-ai"), env(tmp_path / "state"))
    assert not telemetry.active
    assert "DOT_AI_POSTHOG_KEY" in telemetry.decision.reason
    assert not (tmp_path / "state").exists()


def test_a_host_without_a_key_is_warned_about(tmp_path: Path) -> None:
    settings = Settings.read(DOT_AI, env(tmp_path, DOT_AI_POSTHOG_HOST="http://127.0.0.1:1"))
    assert "DOT_AI_POSTHOG_KEY" in settings.warnings[0]
    # Where the product has no key either, "its own key is used" would not be true.
    assert Settings.read(Product("dot-ai"), env(tmp_path, DOT_AI_POSTHOG_HOST="http://127.0.0.1:1")).warnings == ()


@pytest.mark.parametrize(
    ("product", "variables", "named"),
    [
        (DOT_AI, {"DOT_AI_POSTHOG_KEY": "phx_5ecret"}, "DOT_AI_POSTHOG_KEY"),
        (DOT_AI, {"DOT_AI_POSTHOG_KEY": " PHX_5ecret "}, "DOT_AI_POSTHOG_KEY"),
        (Product("dot-ai", write_key="phx_5ecret"), {}, "Product(write_key=...)"),
    ],
    ids=["variable", "in capitals", "in the code"],
)
def test_a_personal_key_turns_telemetry_off(
    product: Product, variables: dict[str, str], named: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    state = tmp_path / "state"
    telemetry = Telemetry(product, env(state, **variables))
    assert not telemetry.active
    assert not state.exists()
    reason = f"{named} is a personal key (phx_...), which is secret; use the project's key (phc_...). Nothing is sent"
    assert caplog.messages == [f"dot-ai telemetry is off: {reason}"]


def test_a_preview_contains_no_personal_key(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    variables = {"DOT_AI_POSTHOG_KEY": "phx_5ecret", "DOT_AI_TELEMETRY": "preview"}
    telemetry = Telemetry(DOT_AI, env(tmp_path / "state", **variables))
    telemetry.server_started()
    telemetry.close()
    printed = capfd.readouterr().err
    assert '"server_started"' in printed
    assert "5ecret" not in printed


NO_KEY = "no write key: set DOT_AI_POSTHOG_KEY or Product(write_key=...)"


@pytest.mark.parametrize(
    ("value", "messages"),
    [
        ("true", [f"dot-ai telemetry is off: {NO_KEY}"]),
        ("preview", [f"dot-ai telemetry: {NO_KEY}; without it nothing is sent when preview ends"]),
        ("", []),
    ],
    ids=["on", "preview", "on by default"],
)
def test_telemetry_that_was_requested_without_a_key_logs_that_it_is_missing(
    value: str, messages: list[str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Telemetry(Product("dot-ai"), env(tmp_path, DOT_AI_TELEMETRY=value)).close()
    assert caplog.messages == messages


@pytest.mark.parametrize("host", ["ftp://x", "posthog", "http://", "https://user:pass@host", "http://a b"])
def test_an_invalid_host_turns_telemetry_off(tmp_path: Path, host: str) -> None:
    telemetry = Telemetry(DOT_AI, env(tmp_path / "state", DOT_AI_POSTHOG_HOST=host, DOT_AI_POSTHOG_KEY="k"))
    assert not telemetry.active


def test_an_invalid_number_is_replaced_by_the_default_and_warned_about(tmp_path: Path) -> None:
    settings = Settings.read(DOT_AI, env(tmp_path, DOT_AI_TELEMETRY_GRACE_SECONDS="soon"))
    assert settings.grace_seconds == 600
    assert "DOT_AI_TELEMETRY_GRACE_SECONDS" in settings.warnings[0]


@pytest.mark.parametrize("name", ["", "Dot AI", "dot_ai", "-dot", "dot--ai", "1dot"])
def test_an_invalid_product_name_is_a_clear_error(name: str) -> None:
    with pytest.raises(ValueError, match="lower-case words"):
        Product(name)
