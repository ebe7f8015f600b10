"""The file of saved segments: bounded, atomic, and mended from its copy or said to be damaged."""

import json
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.tests.durability.damage import KINDS, PLACES, WHOLE_FILE, damage
from footfall_collector.answer import (
    MAX_SEGMENTS,
    SEGMENTS_FILE,
    FilterError,
    SavedSegment,
    SavedSegments,
    SavedSegmentsError,
    SegmentExistsError,
)

CURSOR = SavedSegment("dot-ai", "Cursor users", ["mcp_client:is:cursor"])
DAMAGES = [(kind, place) for kind in KINDS for place in PLACES] + [(kind, "middle") for kind in WHOLE_FILE]


def saved_in(data: Path) -> SavedSegments:
    """The segments of a directory, by a reader that looks for a change each time."""
    times = iter(range(10**6))
    return SavedSegments(data, clock=lambda: float(next(times) * 2))


def test_what_is_saved_is_there_for_everyone_until_it_is_deleted(tmp_path: Path) -> None:
    first, other = saved_in(tmp_path), saved_in(tmp_path)
    view = first.save(SavedSegment("dot-ai", "Mondays", [], "errors", {"range": "7d", "compare": "1"}))
    first.save(CURSOR)
    assert [each.name for each in other.all("dot-ai")] == ["Cursor users", "Mondays"]
    assert other.all()[1] == view
    assert other.all("other") == []
    assert other.conditions("dot-ai", "Cursor users") == ("mcp_client:is:cursor",)
    with pytest.raises(SegmentExistsError, match="of this name"):
        other.save(CURSOR)
    other.save(SavedSegment("dot-ai", "Cursor users", ["tool:is:query"]), replace=True)
    assert first.conditions("dot-ai", "Cursor users") == ("tool:is:query",)
    with pytest.raises(SegmentExistsError, match="new name"):
        first.rename("dot-ai", "Mondays", "Cursor users")
    first.rename("dot-ai", "Mondays", "Week")
    other.delete("dot-ai", "Cursor users")
    assert [each.name for each in saved_in(tmp_path).all()] == ["Week"]
    assert (tmp_path / SEGMENTS_FILE).stat().st_mode & 0o777 == 0o600


def test_an_unknown_name_is_an_error_with_the_names_that_there_are(tmp_path: Path) -> None:
    saved = saved_in(tmp_path)
    with pytest.raises(FilterError, match="none of dot-ai is saved yet"):
        saved.conditions("dot-ai", "x")
    saved.save(CURSOR)
    saved.save(SavedSegment("other", "theirs", ["tool:is:a"]))
    with pytest.raises(FilterError, match=r"dot-ai has Cursor users\.$"):
        saved.conditions("dot-ai", "theirs")
    with pytest.raises(SavedSegmentsError, match="Cursor users"):
        saved.delete("dot-ai", "cursor users")


@pytest.mark.parametrize(
    "name", ["", " a", "a ", "a" * 65, "a/b", "a:b", "a\n", "a\x00", "é", "-a", "<b>", "a,b"], ids=repr
)
def test_a_name_has_characters_of_the_list_only(tmp_path: Path, name: str) -> None:
    with pytest.raises(SavedSegmentsError, match="1 to 64 letters"):
        saved_in(tmp_path).save(SavedSegment("dot-ai", name, []))
    assert not (tmp_path / SEGMENTS_FILE).exists()


@given(st.text(max_size=70))
def test_a_name_is_either_refused_or_plain(name: str) -> None:
    from footfall_collector.answer.saved.saved_segments import checked

    try:
        checked(SavedSegment("dot-ai", name, []))
    except SavedSegmentsError:
        return
    assert name.isascii()
    assert name.isprintable()
    assert name == name.strip()
    assert ":" not in name, "a side of a comparison with a colon is a condition"


def test_the_number_and_the_size_of_segments_have_limits(tmp_path: Path) -> None:
    saved = saved_in(tmp_path)
    for wrong in (
        SavedSegment("dot-ai", "a", ["tool:is:a"] * 9),
        SavedSegment("dot-ai", "a", [f"tool:is:{'a' * 4001}"]),
        SavedSegment("dot-ai", "a", [f"tool:is:{n}{'a' * 1500}" for n in range(3)]),
        SavedSegment("dot-ai", "a", ["tool:is:a\nb"]),
        SavedSegment("dot-ai", "a", [], view={"Range": "7d"}),
        SavedSegment("dot-ai", "a", [], view={"range": "7\n"}),
        SavedSegment("dot-ai", "a", [], view={"a" * n: "" for n in range(1, 14)}),
        SavedSegment("dot-ai", "a", [], page="/x"),
    ):
        with pytest.raises(SavedSegmentsError):
            saved.save(wrong)
    stored = [{"product": "dot-ai", "name": f"s{n}", "where": []} for n in range(MAX_SEGMENTS)]
    (tmp_path / SEGMENTS_FILE).write_text(json.dumps({"segments": stored}))
    with pytest.raises(SavedSegmentsError, match=f"There are {MAX_SEGMENTS} saved segments"):
        saved.save(CURSOR)
    saved.delete("dot-ai", "s7")
    saved.save(CURSOR)
    assert len(saved_in(tmp_path).all()) == MAX_SEGMENTS


@pytest.mark.parametrize(("kind", "place"), DAMAGES, ids=lambda value: value)
def test_a_damaged_file_is_mended_from_its_copy_and_the_log_says_so(
    tmp_path: Path, kind: str, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    saved_in(tmp_path).save(CURSOR)
    damage(tmp_path / SEGMENTS_FILE, kind, place)
    assert [each.name for each in saved_in(tmp_path).all()] == ["Cursor users"]
    assert "its copy counts" in caplog.text
    if kind == "directory":
        return
    saved_in(tmp_path).save(SavedSegment("dot-ai", "more", ["tool:is:a"]))
    caplog.clear()
    assert [each.name for each in saved_in(tmp_path).all()] == ["Cursor users", "more"]
    assert caplog.text == ""


def test_without_a_readable_copy_every_use_says_so_and_nothing_is_overwritten(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    saved_in(tmp_path).save(CURSOR)
    for path in (tmp_path / SEGMENTS_FILE, tmp_path / "copies" / SEGMENTS_FILE):
        damage(path, "zero", "start")
    before = (tmp_path / SEGMENTS_FILE).read_bytes()
    saved = saved_in(tmp_path)
    with pytest.raises(FilterError, match="can't be read; the collector's log says what to do"):
        saved.conditions("dot-ai", "Cursor users")
    with pytest.raises(SavedSegmentsError, match="can't be read"):
        saved.save(SavedSegment("dot-ai", "more", ["tool:is:a"]))
    assert (tmp_path / SEGMENTS_FILE).read_bytes() == before
    assert caplog.text.count("can't be read: restore it, or delete it") == 1
    (tmp_path / SEGMENTS_FILE).unlink()
    (tmp_path / "copies" / SEGMENTS_FILE).unlink()
    assert saved.all() == []


def test_many_threads_lose_no_segment(tmp_path: Path) -> None:
    saved, others = saved_in(tmp_path), saved_in(tmp_path)

    def work(number: int) -> None:
        for n in range(4):
            (saved if number % 2 else others).save(SavedSegment("dot-ai", f"s{number}.{n}", ["tool:is:a"]))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(saved_in(tmp_path).all()) == 32
