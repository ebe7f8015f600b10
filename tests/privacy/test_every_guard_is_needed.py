"""The proof fails when any one guard is removed, and reports the finding that this guard prevents."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.privacy.cuts import Cut, Guard
from tests.privacy.guards_outside import GUARDS
from tests.privacy.places import PLACES
from tests.privacy.planted import plan_of
from tests.privacy.proof import findings, gather

ROOT = Path(__file__).resolve().parents[2]
PLAN = plan_of(PLACES, 20_261_124, {})
ALL = os.environ.get("FOOTFALL_GUARDS") == "all"
TRIED = [guard for guard in GUARDS if guard.quick or ALL]
"""All of them in `make soak`; in every run of the suite one for each part of the way."""


def copy_of_source(directory: Path) -> Path:
    """A copy of both packages, to be changed and run."""
    for part in ("client", "collector"):
        ignored = shutil.ignore_patterns("__pycache__", "vendor")
        shutil.copytree(ROOT / part / "src", directory / part / "src", ignore=ignored)
    return directory


def apply(cuts: tuple[Cut, ...], source: Path) -> None:
    """Change the copy."""
    for cut in cuts:
        path = source / cut.path
        text = path.read_text("utf-8")
        assert text.count(cut.old) == 1, f"{cut.path} does not hold this exactly once: {cut.old}"
        path.write_text(text.replace(cut.old, cut.new), "utf-8")


def found_without(cuts: tuple[Cut, ...]) -> list[str]:
    with tempfile.TemporaryDirectory() as directory:
        source = copy_of_source(Path(directory) / "source")
        apply(cuts, source)
        work = Path(directory) / "work"
        work.mkdir()
        return findings(PLAN, gather(PLAN, work, source))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("guard", TRIED, ids=lambda guard: guard.name)
def test_without_a_guard_the_proof_fails(guard: Guard) -> None:
    found = found_without(guard.cuts)
    assert [finding for finding in found if finding.startswith(guard.seen)], found[:20]


@pytest.mark.timeout(300)
def test_an_untouched_copy_passes_so_that_it_is_the_cuts_that_fail() -> None:
    assert found_without(()) == []


PROVOKED = [guard for guard in TRIED if guard.provoked]


@pytest.mark.skipif(not PROVOKED, reason="tried where all guards are")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("guard", PROVOKED, ids=lambda guard: guard.name)
def test_the_occasion_alone_leaks_nothing(guard: Guard) -> None:
    """What a guard with an occasion guards against is not the occasion."""
    assert found_without(guard.cuts[: guard.provoked]) == []


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_every_guard_of_the_table_stands_where_the_table_says(guard: Guard, tmp_path: Path) -> None:
    """The table can't go stale: a guard that moved is missed here, at once."""
    for cut in guard.cuts:
        (tmp_path / cut.path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / cut.path, tmp_path / cut.path)
    apply(guard.cuts, tmp_path)
    for cut in guard.cuts:
        compile((tmp_path / cut.path).read_text("utf-8"), cut.path, "exec")


def test_guards_have_names_of_their_own() -> None:
    assert len({guard.name for guard in GUARDS}) == len(GUARDS)
