"""Telemetry never keeps its host from starting: unusable input turns it off, with one line in the log."""

import logging
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from footfall import Product, Telemetry
from footfall.catalogue import ToolExecuted
from footfall.settings import Settings
from footfall.settings.notice import first_run_notice

NAMES = (
    "TELEMETRY",
    "TELEMETRY_STATE_DIR",
    "TELEMETRY_GRACE_SECONDS",
    "TELEMETRY_FLUSH_SECONDS",
    "POSTHOG_HOST",
    "POSTHOG_KEY",
    "DEPLOYMENT_METHOD",
)
TEXT = st.text(st.characters(categories=["L", "N", "P", "Cs", "Cc"]), max_size=20)


def use(telemetry: Telemetry) -> None:
    """Call every method of the facade."""
    telemetry.register_tools("recommend")
    telemetry.record(ToolExecuted(tool="recommend", success=True, duration_ms=1.0))
    with telemetry.tool("recommend"):
        pass
    telemetry.close()


@pytest.mark.parametrize(
    "directory",
    ["/dev/null/state", "/proc/state", "/sys/kernel/state", "nul\0byte", "\udcff/x", "x" * 300, "/" + "x/" * 3000],
)
def test_an_impossible_state_directory_raises_nothing(
    directory: str, caplog: pytest.LogCaptureFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with caplog.at_level(logging.WARNING, "footfall"):
        use(Telemetry(Product("dot-ai", write_key="phc_key"), {"DOT_AI_TELEMETRY_STATE_DIR": directory}))
    assert len([r for r in caplog.records if "could not start" in r.message]) <= 1
    assert all(record.exc_info is None for record in caplog.records)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.dictionaries(st.sampled_from(NAMES), TEXT))
def test_no_environment_keeps_the_host_from_starting(
    values: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    environ = {
        "DOT_AI_TELEMETRY_STATE_DIR": str(tmp_path / "state"),
        "DOT_AI_TELEMETRY_GRACE_SECONDS": "600",
        "KUBECONFIG": "/nonexistent",
        **{f"DOT_AI_{name}": value for name, value in values.items()},
    }
    if any(name.endswith("STATE_DIR") for name in values):
        environ["DOT_AI_TELEMETRY_STATE_DIR"] = str(tmp_path / "odd") + values["TELEMETRY_STATE_DIR"]
    use(Telemetry(Product("dot-ai", write_key="phc_key", host="http://127.0.0.1:9"), environ))


@pytest.mark.parametrize("catalogue", [("no class",), (int,), (dict[str, int],), 7])
def test_an_invalid_catalogue_turns_telemetry_off_and_logs_why(
    catalogue: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    product = Product("dot-ai", write_key="phc_key", catalogue=catalogue)
    with caplog.at_level(logging.WARNING, "footfall"):
        telemetry = Telemetry(product, {"DOT_AI_TELEMETRY_STATE_DIR": str(tmp_path)})
    assert not telemetry.active
    assert "could not start" in telemetry.decision.reason
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "\n" not in caplog.records[0].message
    use(telemetry)


def test_a_user_without_a_home_has_no_state_and_leaves_no_directory_named_tilde(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pwd

    def nobody(_: int) -> None:
        raise KeyError("uid not found")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pwd, "getpwuid", nobody)  # as in a container with an arbitrary user ID
    monkeypatch.delenv("HOME")
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    telemetry = Telemetry(Product("dot-ai", write_key="phc_key", host="http://127.0.0.1:9"), {"KUBECONFIG": "/none"})
    use(telemetry)
    assert telemetry.active
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("seconds", "phrase"), [("600", "in the first 10 minutes."), ("60", "in the first minute."), ("0", "")]
)
def test_the_notice_states_how_long_nothing_is_sent(seconds: str, phrase: str, tmp_path: Path) -> None:
    product = Product("dot-ai", write_key="phc_key")
    environ = {"DOT_AI_TELEMETRY_STATE_DIR": str(tmp_path), "DOT_AI_TELEMETRY_GRACE_SECONDS": seconds}
    notice = first_run_notice(product, Settings.read(product, environ))
    assert phrase in notice
    assert ("Nothing is sent" in notice) == bool(phrase)
    assert "anonymous" not in notice.replace("pseudonymous", "")
