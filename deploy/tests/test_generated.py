"""Generated documents are up to date with the code."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footfall.catalogue import (
    Amount,
    Flag,
    Identifier,
    Kind,
    Property,
    ToolName,
    Version,
    Vocabulary,
    catalogue_for,
    to_json_schema,
)
from footfall.send.wire import encode_event, encode_members, event_prefix, event_rest, event_suffix
from scripts.generate.charts.values import read_values
from scripts.generate.marked import with_block
from scripts.generate.outputs import documents

CATALOGUE = catalogue_for("dot-ai")
DICTIONARY = jsonschema.Draft202012Validator(to_json_schema(CATALOGUE))
GENERATED = [
    ".importlinter",
    "README.md",
    "bench/RESULTS.md",
    "bench/results.py",
    "docs",
    "deploy/helm",
    "deploy/manifests",
    "deploy/kustomize",
    "examples/servers",
    "scripts",
    "tests/attacks",
    "tests/privacy",
    "tests/protocol/sdk_table.py",
    "tests/protocol/sdks.json",
]


def run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The generator as a person runs it."""
    command = [sys.executable, "-B", str(root / "scripts" / "generate"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> Path:
    """A copy of everything that the generator reads and writes besides the installed packages."""
    for name in GENERATED:
        if (root / name).is_dir():
            shutil.copytree(root / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "img"))
        else:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / name, tmp_path / name)
    return tmp_path


def test_every_generated_document_is_up_to_date(root: Path) -> None:
    done = run(root, "--check")
    assert (done.returncode, done.stderr) == (0, ""), "run `make generate`"


def test_check_names_what_is_stale_and_writes_nothing(copy: Path) -> None:
    (copy / "docs/events.md").write_text("old")
    (copy / "docs/dictionary.json").unlink()
    done = run(copy, "--check")
    assert done.returncode == 1
    assert re.findall(r"^\S+", done.stderr, re.MULTILINE) == ["docs/dictionary.json", "docs/events.md"]
    assert (copy / "docs/events.md").read_text() == "old"


def test_generate_mends_what_is_stale_and_leaves_the_words_around_a_block_alone(copy: Path) -> None:
    readme = copy / "README.md"
    whole = readme.read_text()
    readme.write_text("Mine.\n" + whole.replace("`tool_executed`", "`renamed`"))
    done = run(copy)
    assert (done.returncode, done.stdout) == (0, "wrote README.md\n")
    assert readme.read_text() == "Mine.\n" + whole
    assert run(copy, "--check").returncode == 0


def test_a_figure_that_was_measured_again_makes_the_documents_that_quote_it_stale(copy: Path) -> None:
    results = copy / "bench/RESULTS.md"
    text = results.read_text()
    (lost,) = re.findall(r"^\| shutdown, server hanging \|.*$", text, re.MULTILINE)
    results.write_text(text.replace(lost, lost.replace("0 of 200", "1 of 200")))
    assert re.findall(r"^\S+", run(copy, "--check").stderr, re.MULTILINE) == ["docs/compare.md", "docs/reliability.md"]
    run(copy)
    for page in ("compare", "reliability"):
        assert "| shutdown, server hanging | 1 of 200 (2 s) (M) |" in (copy / f"docs/{page}.md").read_text()


def test_an_argument_that_it_does_not_know_is_refused(root: Path) -> None:
    done = run(root, "--chekc")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--chekc" in done.stderr


def test_a_document_without_its_markers_is_an_error_that_says_what_to_add(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- end of x -->\n<!-- generated: x -->\n")
    with pytest.raises(ValueError, match="<!-- generated: x --> and, below it"):
        with_block(page, "x", "block")


def test_a_chart_value_without_a_comment_is_an_error_that_names_its_line() -> None:
    with pytest.raises(ValueError, match="line 3: b needs a comment"):
        read_values("# -- yes\na: 1\nb: 2\n")


def test_the_promise_names_exactly_these_events_and_properties(root: Path) -> None:
    """A change of the collected properties requires a deliberate change of this test."""
    promise = {
        "tool_executed": ["tool", "success", "duration_ms", "mcp_client"],
        "tool_error": ["tool", "error_type"],
        "server_started": ["k8s_version", "deployment_method"],
        "server_stopped": ["uptime_seconds"],
        "client_connected": ["mcp_client", "mcp_client_version", "transport"],
        "all of them": ["dot_ai_version", "ai_provider", "is_internal"],
    }
    for page in ("README.md", "docs/telemetry-guide.md"):
        rows = re.findall(r"^\| `?([a-z_ ]+)`? \|[^|]*\| (`.*`) \|$", (root / page).read_text(), re.MULTILINE)
        assert {event: re.findall(r"`(\w+)`", properties) for event, properties in rows} == promise


def admitted(kind: Kind) -> st.SearchStrategy[Any]:
    """The values that a kind admits, out of arbitrary ones."""
    likely: dict[type, st.SearchStrategy[Any]] = {
        Vocabulary: st.sampled_from([*kind.words, "x"]) if isinstance(kind, Vocabulary) else st.nothing(),
        ToolName: st.text(max_size=70),
        Identifier: st.text(max_size=70) | st.from_regex(r"\A[A-Za-z]{1,70}\Z"),
        Version: st.from_regex(r"\Av?\d{1,6}(\.\d{1,6}){0,3}[-a-z0-9.+]{0,9}\Z") | st.text(min_size=1),
        Flag: st.booleans(),
        Amount: st.floats(min_value=0) | st.integers(min_value=0),
    }
    return likely[type(kind)].map(kind.checker()).filter(lambda value: value is not None)


def sent(properties: dict[str, Property]) -> st.SearchStrategy[dict[str, Any]]:
    """Properties as an event may carry them: the required ones, and some of the others."""
    required = {name: admitted(p.kind) for name, p in properties.items() if p.required}
    optional = {name: admitted(p.kind) for name, p in properties.items() if not p.required}
    return st.fixed_dictionaries(required, optional=optional)


@pytest.mark.parametrize("event", CATALOGUE.events)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_the_dictionary_admits_every_event_that_the_kinds_admit(event: str, data: st.DataObject) -> None:
    properties = data.draw(sent({**CATALOGUE.events[event].properties, **CATALOGUE.common}))
    uuid, epoch = data.draw(st.uuids(version=4)), data.draw(st.integers(0, 4_000_000_000))
    suffix = event_suffix("cluster_f809cce5a77d3fbe", {})
    rest = event_rest(encode_members(properties), suffix)
    made = encode_event(event_prefix(event, epoch), uuid.hex.encode(), rest)
    DICTIONARY.validate(json.loads(made))


@pytest.mark.parametrize(
    "more",
    [
        {"properties": {"query": "delete everything"}},
        {"properties": {"tool": "no tool is named like this"}},
        {"properties": {"mcp_client": "a-name-of-my-own"}},
        {"properties": {"$ip": "192.0.2.7"}},
        {"properties": {"k8s_version": "1.31.2-gke.1"}},
        {"distinct_id": "alice@example.com"},
        {"uuid": "01a20a79-aa0f-7a1d-b249-50f37f33ac3c"},
        {"timestamp": "2026-11-23T22:14:35.279Z"},
        {"event": "page_viewed"},
        {"ip": "192.0.2.7"},
    ],
)
def test_the_dictionary_refuses_what_is_not_named(more: dict[str, Any]) -> None:
    own = {"tool": "recommend", "success": True, "duration_ms": 12, "mcp_client": "claude-code"}
    rest = event_rest(encode_members(own), event_suffix("local_0123456789abcdef", {}))
    good = json.loads(encode_event(event_prefix("tool_executed", 0), b"f47ac10b58cc4372a5670e02b2c3d479", rest))
    DICTIONARY.validate(good)
    bad = {**good, **more, "properties": {**good["properties"], **more.get("properties", {})}}
    assert not DICTIONARY.is_valid(bad)


def test_the_event_list_explains_every_property_with_its_purpose(root: Path) -> None:
    page = documents(root)["docs/events.md"]
    for event in CATALOGUE.events.values():
        for name, p in {**event.properties, **CATALOGUE.common}.items():
            row = rf"^\| `{name}` \| {re.escape(p.meaning)} \| .+ \| {re.escape(p.purpose)} \|"
            assert re.search(row, page, re.MULTILINE), (event.name, name)
