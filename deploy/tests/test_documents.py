"""Every command in the documents works exactly as written."""

import ast
import importlib
import importlib.metadata
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from deploy.tests.charts import render
from footfall.settings import Product, Settings, decide_by_environment
from scripts.generate.charts.values import read_values
from scripts.generate.settings.tables import client_settings, collector_settings

PRODUCT = Product("dot-ai")
ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs/telemetry-guide.md").read_text()


def pages() -> Iterator[Path]:
    """The documents that people read."""
    yield from ROOT.glob("*.md")
    yield from ROOT.glob("docs/*.md")
    yield from ROOT.glob("*/README.md")
    yield from ROOT.glob("deploy/helm/*/README.md")


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of a language in a document."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_the_guides_helm_values_do_what_the_guide_says() -> None:
    off, *elsewhere = (render(yaml.safe_load(block)).environment() for block in blocks(GUIDE, "yaml"))
    assert decide_by_environment(PRODUCT, off).mode == "off"
    assert len(elsewhere) == 2
    for environment in elsewhere:
        read = Settings.read(PRODUCT, environment)
        assert (read.host, read.key) == ("https://posthog.example.com", "phc_the_project_key_of_your_posthog")
        assert read.warnings == ()


def test_the_guides_map_and_its_set_flag_turn_it_off_too() -> None:
    shown = re.search(r"`(extraEnv: \{.*?\})`", GUIDE)
    assert shown is not None
    assert decide_by_environment(PRODUCT, render(yaml.safe_load(shown[1])).environment()).mode == "off"
    assert "`--set telemetry.enabled=false`" in GUIDE
    assert decide_by_environment(PRODUCT, render({"telemetry": {"enabled": False}}).environment()).mode == "off"


def test_the_guides_configuration_of_an_mcp_client_turns_it_off() -> None:
    (block,) = blocks(GUIDE, "json")
    (server,) = json.loads(block)["mcpServers"].values()
    assert decide_by_environment(PRODUCT, server["env"]).mode == "off"
    assert server["command"] in (ROOT / "examples/toolkit/pyproject.toml").read_text()


@given(value=st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789-_ ", min_size=1, max_size=12))
def test_a_typo_never_collects(value: str) -> None:
    """As the guide says: what is not clearly on is off."""
    mode = decide_by_environment(PRODUCT, {"DOT_AI_TELEMETRY": value}).mode
    assert mode == "off" or value.strip() in ("", "true", "1", "yes", "on", "preview")


@pytest.mark.parametrize("page", ["README.md", "client/README.md"])
def test_python_shown_to_developers_parses_and_its_imports_exist(page: str) -> None:
    shown = blocks((ROOT / page).read_text(), "python")
    assert shown
    for node in ast.walk(ast.parse("\n".join(shown))):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            module = importlib.import_module(node.module)
            assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == []


@pytest.mark.parametrize("page", ["README.md", "client/README.md"])
def test_python_shown_to_developers_runs(page: str, tmp_path: Path) -> None:
    """With a server and a version, which the reader has, and without what stands for the reader's own tests."""
    given = "from mcp.server.mcpserver import MCPServer\nserver = MCPServer('own')\n__version__ = '1.2.3'\n"
    shown = [block for block in blocks((ROOT / page).read_text(), "python") if "\n...\n" not in block]
    env = {"HOME": str(tmp_path), "DOT_AI_TELEMETRY_STATE_DIR": str(tmp_path / "state")}
    command = [sys.executable, "-W", "error", "-c", given + "".join(shown)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("program", ["footfall", "footfall-collector"])
def test_every_command_that_a_document_names_exists(program: str) -> None:
    (entry,) = importlib.metadata.entry_points(group="console_scripts", name=program)
    command = [sys.executable, "-c", f"from {entry.module} import {entry.attr} as main; main(['--help'])"]
    helped = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    known = set(re.findall(r"^ {4}([a-z]+)\s", helped, re.MULTILINE))
    assert known
    for page in pages():
        named = set(re.findall(rf"(?:^|`|-- ){program} ([a-z]+)", page.read_text(), re.MULTILINE))
        assert named <= known, page


def test_every_variable_that_a_document_names_is_one_that_is_read() -> None:
    # The collector's own MCP endpoint is an instrumented server like any other.
    products = (*client_settings("dot-ai"), *client_settings("footfall-answers"))
    known = {name for row in (*products, *collector_settings()) for name in row.names}
    known |= {"FOOTFALL_CONFIG"}
    for page in pages():
        named = set(re.findall(r"\b(?:DOT_AI|FOOTFALL)_[A-Z_]*[A-Z]\b", page.read_text()))
        assert named <= known, page


def test_every_value_of_the_chart_that_a_document_names_exists() -> None:
    def paths(parts: dict[str, Any], prefix: str = "") -> Iterator[str]:
        for name, value in parts.items():
            yield prefix + name
            yield from paths(value.parts, f"{prefix}{name}.")

    chart = ROOT / "deploy/helm/toolkit"
    known = set(paths(read_values((chart / "values.yaml").read_text())))
    for page in (chart / "README.md", ROOT / "docs/telemetry-guide.md", chart / "templates/NOTES.txt"):
        named = set(re.findall(r"\b((?:telemetry|state|rbac|image|service)\.[a-zA-Z.]*[a-zA-Z])\b", page.read_text()))
        assert {n for n in named if not n.endswith((".md", ".py", ".json"))} <= known, page


def test_every_file_that_a_document_names_exists() -> None:
    """Paths in backquotes that begin with a folder of the repository."""
    folders = "|".join(("client", "collector", "deploy", "docs", "examples", "scripts", "tests", "bench"))
    missing = []
    for page in pages():
        new = set(re.findall(r"^<!-- run: .*creates=(\S+)", page.read_text(), re.MULTILINE))  # a recipe's own files
        for path in re.findall(rf"`((?:{folders})/[\w./-]+)`", page.read_text()):
            if path not in new and not (ROOT / path).exists():
                missing.append(f"{page.relative_to(ROOT)}: {path}")
    assert missing == []


def test_links_inside_the_repository_lead_somewhere() -> None:
    broken = []
    for page in pages():
        prose = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+?)(?:#only-(?:light|dark))?\)", prose):
            path, _, anchor = target.partition("#")
            to = (page.parent / path).resolve() if path else page
            if "://" not in target and (not to.exists() or (anchor and anchor not in anchors(to))):
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def anchors(page: Path) -> set[str]:
    """The anchors that headings of a Markdown page have."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h).strip().lower().replace(" ", "-") for h in headings}


def test_every_cell_of_the_comparison_says_where_it_comes_from() -> None:
    text = (ROOT / "docs/compare.md").read_text()
    lines = text.splitlines()
    # A line above a line of dashes is a table's head.
    heads = {number - 1 for number, line in enumerate(lines) if re.fullmatch(r"\|[-:| ]+\|", line)}
    bodies = [line for number, line in enumerate(lines) if line.startswith("|") and not {number, number - 1} & heads]
    cells = [cell.strip() for line in bodies for cell in re.split(r"(?<!\\)\|", line.strip("| "))[1:]]
    assert len(cells) > 100
    known = re.compile(
        r"\((?:M|R|R: `[^`]+`(?:, `[^`]+`)*|R: notes of release [\d.]+|T\d)\)$|^not (?:measured|examined)$"
    )
    assert [cell for cell in cells if not known.search(cell)] == []
    named = set(re.findall(r"\(T(\d)\)", text))
    assert named == set(re.findall(r"\bT(\d): ", text.replace("\n", " ")))


def test_what_the_comparison_names_as_a_test_is_one() -> None:
    text = (ROOT / "docs/compare.md").read_text()
    for path in re.findall(r"`((?:tests|client/tests|collector/tests|deploy/tests)/[^`]+)`", text):
        assert "def test_" in (ROOT / path).read_text(), path
