"""The list of annotations: what a text can be, that a change lasts, and that a damaged file hides nothing."""

import threading
import unicodedata
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footfall_collector.access.changes import (
    FILE,
    MAX_ANNOTATIONS,
    AnnotationError,
    AnnotationList,
    AnnotationsFile,
    check_annotation,
)
from footfall_collector.runtime import copy_path


@settings(max_examples=40)
@given(st.text(max_size=250))
def test_a_text_is_one_line_without_hidden_characters_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    annotations = AnnotationList(tmp_path_factory.getbasetemp())
    try:
        added = annotations.add(text)
    except AnnotationError:
        return
    annotations.remove(added.id)
    check_annotation(added)
    assert 0 < len(added.text) <= 200
    assert not any(unicodedata.category(each)[0] == "C" or each in "\n\u2028\u2029\u00a0" for each in added.text)


@pytest.mark.parametrize(
    "text", ["", "  ", "a\nb", "a\x1b[2J", "\u202eevil", "a\u200bb", "x" * 201, " " + "x" * 200, "\ud800"], ids=ascii
)
def test_such_a_text_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(AnnotationError):
        AnnotationList(tmp_path).add(text)
    assert AnnotationList(tmp_path).all() == []


@pytest.mark.parametrize(
    ("at", "stored"),
    [
        ("2026-11-20", "2026-11-20T00:00:00Z"),
        ("2026-11-20T12:00:00+02:00", "2026-11-20T10:00:00Z"),
        ("2026-11-20 12:00", "2026-11-20T12:00:00Z"),
    ],
)
def test_a_time_is_kept_in_utc(tmp_path: Path, at: str, stored: str) -> None:
    assert AnnotationList(tmp_path).add("x", at).at == stored


@pytest.mark.parametrize("at", ["yesterday", "1999-12-31", "9999-01-01", "0001-01-01T00:00:00+23:59", "2026-13-01"])
def test_such_a_time_is_refused(tmp_path: Path, at: str) -> None:
    with pytest.raises(AnnotationError):
        AnnotationList(tmp_path).add("x", at)


def test_two_processes_add_and_neither_loses_one(tmp_path: Path) -> None:
    lists = [AnnotationList(tmp_path) for _ in range(4)]
    threads = [threading.Thread(target=lambda each=each: [each.add("x") for _ in range(10)]) for each in lists]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(AnnotationList(tmp_path).all()) == 40


def test_a_running_list_sees_what_another_process_added_and_its_revision_changes(tmp_path: Path) -> None:
    now = [0.0]
    running, other = AnnotationList(tmp_path, clock=lambda: now[0]), AnnotationList(tmp_path)
    before = running.revision
    other.add("x")
    now[0] += 2
    assert running.revision != before
    assert running.revision == running.revision


def test_only_those_of_the_product_and_the_range_are_shown(tmp_path: Path) -> None:
    annotations = AnnotationList(tmp_path)
    annotations.add("a", "2026-11-01", "dot-ai")
    annotations.add("b", "2026-11-02")
    annotations.add("c", "2026-11-02", "another")
    annotations.add("d", "2026-11-03")
    shown = annotations.between("dot-ai", "2026-11-01T00:00:00Z", "2026-11-03T00:00:00Z")
    assert [each.text for each in shown] == ["a", "b"]


def test_the_number_is_bounded_and_nothing_is_dropped_for_a_new_one(tmp_path: Path) -> None:
    annotations = AnnotationList(tmp_path)
    one = annotations.add("first")
    full = AnnotationsFile(annotations=[one] * MAX_ANNOTATIONS)
    with annotations._file.locked():
        annotations._file.replace(full)
    with pytest.raises(AnnotationError, match="remove some first"):
        annotations.add("one more")
    assert len(annotations.all()) == MAX_ANNOTATIONS


@pytest.mark.parametrize("damage", ["removed", "cut", "altered", "directory"])
def test_a_damaged_file_is_read_from_its_copy_and_written_again(tmp_path: Path, damage: str) -> None:
    AnnotationList(tmp_path).add("kept")
    path = tmp_path / FILE
    content = path.read_bytes()
    path.unlink()
    if damage == "directory":
        path.mkdir()
    elif damage != "removed":
        path.write_bytes(content[:40] if damage == "cut" else content.replace(b"kept", b"kemt"))
    annotations = AnnotationList(tmp_path)
    assert [each.text for each in annotations.all()] == ["kept"]
    if damage != "directory":
        annotations.add("new")
        assert {each.text for each in AnnotationList(tmp_path).all()} == {"kept", "new"}


def test_the_file_is_private(tmp_path: Path) -> None:
    AnnotationList(tmp_path).add("x")
    for path in (tmp_path / FILE, copy_path(tmp_path / FILE)):
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_delivery_counts_once_and_so_does_a_release(tmp_path: Path) -> None:
    annotations = AnnotationList(tmp_path)
    at = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    assert annotations.add_delivered("v1 released", at, "dot-ai", "delivery-1")
    assert not annotations.add_delivered("v1 released", at, "dot-ai", "delivery-1")
    assert not annotations.add_delivered("v1 released", at, "dot-ai", "delivery-2"), "another delivery of the same"
    [added] = annotations.all()
    annotations.remove(added.id)
    assert not AnnotationList(tmp_path).add_delivered("v1 released", at, "dot-ai", "delivery-1"), (
        "removed stays removed"
    )
    assert annotations.add_delivered("v1 released", at, "another", "delivery-3")
