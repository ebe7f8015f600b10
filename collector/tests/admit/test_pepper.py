"""The pepper is made once, kept private, and never replaced silently."""

from pathlib import Path

import pytest

from footfall_collector.admit import fingerprint, load_pepper
from footfall_collector.runtime import SettingsError


def test_the_pepper_is_created_at_the_first_start_and_stays_the_same(tmp_path: Path) -> None:
    first = load_pepper(tmp_path)
    assert load_pepper(tmp_path) == first
    assert len(first) == 64
    assert (tmp_path / "pepper").stat().st_mode & 0o777 == 0o600


def test_two_collectors_have_different_peppers(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert fingerprint(load_pepper(tmp_path / "a")) != fingerprint(load_pepper(tmp_path / "b"))


def test_with_a_shared_secret_no_file_is_created(tmp_path: Path) -> None:
    assert load_pepper(tmp_path, "a shared secret of ours") == b"a shared secret of ours"
    assert list(tmp_path.iterdir()) == []


def test_a_secret_too_short_stops_the_start_without_being_shown(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as wrong:
        load_pepper(tmp_path, "hunter2")
    assert "hunter2" not in str(wrong.value)


def test_a_damaged_file_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "pepper").write_bytes(b"\n")
    with pytest.raises(SettingsError, match="restore it from a backup"):
        load_pepper(tmp_path)
