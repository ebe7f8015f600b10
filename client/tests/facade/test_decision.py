"""Off with one variable; any off wins; a value that is not clearly on never collects."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall import Product, Telemetry
from footfall.product import Settings, decide

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


@pytest.mark.parametrize("value", ["1", "true", "yes", "anything"])
def test_do_not_track_is_off_whatever_else_is_said(tmp_path: Path, value: str) -> None:
    assert decide(DOT_AI, env(tmp_path, DO_NOT_TRACK=value, DOT_AI_TELEMETRY="true")).mode == "off"


@pytest.mark.parametrize("value", ["", "0", "false"])
def test_do_not_track_that_says_no_changes_nothing(tmp_path: Path, value: str) -> None:
    assert decide(DOT_AI, env(tmp_path, DO_NOT_TRACK=value)).mode == "on"


def test_footfall_off_wins_over_an_environment_that_says_on(tmp_path: Path) -> None:
    (tmp_path / "off").write_text("{}")
    assert decide(DOT_AI, env(tmp_path, DOT_AI_TELEMETRY="true")).mode == "off"


def test_another_product_s_switch_changes_nothing(tmp_path: Path) -> None:
    assert decide(DOT_AI, env(tmp_path, OTHER_AI_TELEMETRY="false")).mode == "on"


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


def test_off_deletes_what_was_not_yet_sent_and_nothing_else(tmp_path: Path) -> None:
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


@pytest.mark.parametrize("host", ["ftp://x", "posthog", "http://", "https://user:pass@host", "http://a b"])
def test_a_host_that_is_no_address_sends_nothing(tmp_path: Path, host: str) -> None:
    telemetry = Telemetry(DOT_AI, env(tmp_path / "state", DOT_AI_POSTHOG_HOST=host, DOT_AI_POSTHOG_KEY="k"))
    assert not telemetry.active


def test_a_number_that_is_none_is_replaced_and_named(tmp_path: Path) -> None:
    settings = Settings.read(DOT_AI, env(tmp_path, DOT_AI_TELEMETRY_GRACE_SECONDS="soon"))
    assert settings.grace_seconds == 600
    assert "DOT_AI_TELEMETRY_GRACE_SECONDS" in settings.warnings[0]


@pytest.mark.parametrize("name", ["", "Dot AI", "dot_ai", "-dot", "dot--ai", "1dot"])
def test_a_product_name_that_makes_no_prefix_is_a_clear_error(name: str) -> None:
    with pytest.raises(ValueError, match="lower-case words"):
        Product(name)
