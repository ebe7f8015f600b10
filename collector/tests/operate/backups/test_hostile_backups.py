"""A backup from a stranger: nothing of it is executed, no file outside the data directory is read or written."""

import shutil
from pathlib import Path

import pytest

from collector.tests.operate.backups.hostile import HARMS
from collector.tests.operate.commands import done, refused
from footfall_collector.operate.backups import RestoreOptions, restore_backup
from footfall_collector.runtime import ControlError, Settings

pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize("name", HARMS)
def test_a_hostile_backup_is_refused_even_with_a_confirmation_and_nothing_is_left(
    evil: Path, tmp_path: Path, name: str
) -> None:
    harm, says = HARMS[name]
    harm(evil)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ControlError) as wrong:
        restore(tmp_path / "data", evil)
    assert says in str(wrong.value)
    assert str(wrong.value).isprintable()
    assert sorted(tmp_path.iterdir()) == before, "no directory is left, nor anything outside"


def restore(data: Path, backup: Path) -> None:
    restore_backup(Settings(data=data), backup, RestoreOptions(confirmed=True), lambda _: None)


@pytest.mark.parametrize("name", ["code", "FIFO", "terabyte", "view", "terminal"])
def test_the_command_refuses_it_in_one_line_and_the_collector_goes_on(evil: Path, tmp_path: Path, name: str) -> None:
    data = tmp_path / "data"
    harm, says = HARMS[name]
    harm(evil)
    data.mkdir()
    (data / "pepper").write_bytes((evil / "pepper").read_bytes())
    said = refused(data, "restore", "--confirm", str(evil))
    # The pepper is at hand: what was changed is known to be changed, whatever it is.
    assert says in said or "was changed after it was made" in said
    assert said.count("\n") == 1
    assert "\x1b" not in said
    assert {path.name for path in data.iterdir()} <= {"pepper", "lock"}
    assert not list(tmp_path.rglob("OWNED"))


def test_what_the_manifest_does_not_list_is_not_restored(evil: Path, tmp_path: Path) -> None:
    (evil / "footfall.toml").write_text('[products.dot-ai]\ncatalogue = "evil.py"\n')
    (evil / "evil.py").write_text("import pathlib; pathlib.Path('OWNED').write_text('x')")
    (evil / "store" / "events-2020-01.duckdb").symlink_to("/etc/passwd")
    done(tmp_path / "data", "restore", "--confirm", str(evil))
    assert not [path for path in (tmp_path / "data").rglob("*") if path.suffix in (".toml", ".py") or path.is_symlink()]


def test_a_backup_has_no_settings_no_catalogue_and_no_file_of_somebody(tmp_path: Path) -> None:
    data, backup = tmp_path / "data", tmp_path / "backup"
    (data / "public" / "dot-ai").mkdir(parents=True)
    (data / "footfall.toml").write_text('[products.dot-ai]\ncatalogue = "events.py"\n')
    (data / "events.py").write_text("EVENTS = ()\n")
    (data / "public" / "dot-ai" / "notes.json").write_text("{}")
    (data / "public" / "dot-ai" / "2026-01.json").symlink_to(data / "events.py")
    done(data, "verify")
    shutil.copy(data / "store" / "rollups.duckdb", data / "store" / "rollups-copy.duckdb")
    done(data, "backup", "--include-pepper", str(backup))
    names = {path.relative_to(backup).as_posix() for path in backup.rglob("*") if path.is_file()}
    assert names == {"manifest.json", "pepper", "store/rollups.duckdb"}
