"""A backup is restored without a question only where the pepper at hand proves who made it."""

import json
from pathlib import Path
from typing import Any

import pytest

from collector.tests.operate.backups.hostile import add, change_manifest
from collector.tests.operate.commands import calls, done, refused
from tests.support.collector_process import start_collector

pytestmark = pytest.mark.timeout(300)
ADDED = "2026-01-01T00:00:00Z"


def test_without_a_pepper_the_operator_sees_what_it_gives_and_confirms(good: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    said = refused(data, "restore", str(good))
    assert "nobody vouches for this backup: there is no pepper" in said
    for shown in ("2 events of ", "tokens that can read: grafana", "write keys: ", "(dot-ai)", "the pepper"):
        assert shown in said
    assert not data.exists()
    assert "tokens that can read: grafana" in done(data, "restore", "--confirm", str(good))
    with start_collector(data) as collector:
        assert calls(collector) == 2


def test_with_the_pepper_at_hand_a_backup_of_ours_needs_no_confirmation(good: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "pepper").write_bytes((good / "pepper").read_bytes())
    assert "2 events" in done(data, "restore", str(good))


def test_with_the_pepper_at_hand_a_changed_backup_is_never_restored(evil: Path, tmp_path: Path) -> None:
    add(evil, "tokens.json", json.dumps({"tokens": [{"name": "x", "sha256": "0" * 64, "added": ADDED}]}).encode())
    data = tmp_path / "data"
    data.mkdir()
    (data / "pepper").write_bytes((evil / "pepper").read_bytes())
    assert "was changed after it was made" in refused(data, "restore", "--confirm", str(evil))
    # Without its code it is a stranger's: shown, and restored by a confirmation only.
    change_manifest(evil, lambda manifest: manifest.update(mac=""))
    assert "it has no authentication code" in refused(data, "restore", str(evil))
    assert "tokens that can read: x" in done(data, "restore", "--confirm", str(evil))


def test_a_backup_of_the_first_format_is_restored_by_a_confirmation(evil: Path, tmp_path: Path) -> None:
    def older(manifest: dict[str, Any]) -> None:
        manifest["format"] = 1
        del manifest["mac"]

    change_manifest(evil, older)
    data = tmp_path / "data"
    assert "nobody vouches" in refused(data, "restore", str(evil))
    assert "2 events" in done(data, "restore", "--confirm", str(evil))
