"""A manifest is read as a stranger's text: it names files of ours, or it is refused."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall_collector.operate.backups.file_kinds import kind_of
from footfall_collector.operate.backups.manifest import BackupManifest, authenticated, is_authentic, parse_manifest
from footfall_collector.runtime import ControlError

MANIFEST = BackupManifest(2, "2026-01-01T00:00:00Z", "0.1.0", "2.0.0", 2, 0, "0" * 16, False, ())
PATHS = st.one_of(
    st.text(max_size=60),
    st.builds(
        "{}{}{}".format,
        st.sampled_from(["", "/", "./", "../", "store/", "store/../", "public/a/", "journal/", "\0"]),
        st.sampled_from(["keys.json", "footfall.toml", "rollups.duckdb", "2026-01.json", "x.py"]),
        st.sampled_from(["", "/", "\n", " ", ".wal", ".new", ".py"]),
    ),
)


@given(PATHS)
def test_a_name_of_a_manifest_is_one_of_ours_or_refused(path: str) -> None:
    kind = kind_of(path)
    if kind is not None:
        parts = path.split("/")
        small = {"alerts.json", "forgotten.json", "keys.json", "tokens.json", "links.json", "segments.json", "pepper"}
        small |= {"annotations.json"}
        assert parts[0] in {"store", "journal", "public"} | small
        assert not {"", ".", ".."} & set(parts)
        assert path.isascii()
        assert path.isprintable()
        assert not path.endswith((".toml", ".py", ".new", "exchange.json"))


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists).map(
        lambda value: json.dumps(value).encode()
    )
)
def test_whatever_stands_in_a_manifest_is_refused_in_a_sentence(content: bytes) -> None:
    with pytest.raises(ControlError):
        parse_manifest(content, Path("manifest.json"))


FIELDS = st.dictionaries(
    st.sampled_from(["format", "made", "version", "duckdb", "schema", "events", "pepper", "pepper_included", "files"]),
    st.none() | st.integers() | st.text() | st.lists(st.dictionaries(st.text(), st.text(), max_size=2), max_size=2),
    min_size=1,
    max_size=3,
)


@given(FIELDS)
def test_a_manifest_with_other_values_is_refused_or_authentic_no_more(changes: dict[str, Any]) -> None:
    manifest = authenticated(MANIFEST, b"pepper")
    content = json.dumps(json.loads(msgspec.json.encode(manifest)) | changes).encode()
    try:
        parsed = parse_manifest(content, Path("manifest.json"))
    except ControlError:
        return
    assert is_authentic(parsed, b"pepper") is (parsed == manifest)
