"""Each rule of scripts/check reports a breach with its place and a fix, and accepts code that follows it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts.check.names import defined_once, given_up, module_names, plain_names
from scripts.check.packages import first_lines, modules_enough
from scripts.check.pins import LIST, looked_at, pins
from scripts.check.pins import write as write_pins
from scripts.check.sizes import entries, file_lengths, function_lengths
from tests.docs.pages import ROOT

CLIENT, COLLECTOR = "client/src/footfall", "collector/src/footfall_collector"
GLOSSARY = "# Glossary\n\n## Words that are not used for modules\n\nshelf, helpers\n"
DOCSTRING = '"""One.\n\nThree.\n"""\n'
Rule = Callable[[Path], Iterator[str]]
BREACHES: list[tuple[Rule, dict[str, str], str]] = [
    (defined_once, {"a.py": "class Row: ...", "b/c.py": "class Row: ..."}, "b/c.py:1: class Row is also defined at"),
    (defined_once, {"a.py": "class _File: ...", "b.py": "\nclass _File: ..."}, "b.py:2: class _File is also"),
    (module_names, {"shelf.py": ""}, "shelf.py: docs/glossary.md gives up the name `shelf`"),
    (module_names, {"helpers/a.py": ""}, "helpers/a.py: docs/glossary.md gives up the name `helpers`"),
    (plain_names, {"a.py": "def of(): ..."}, "a.py:1: the function `of`"),
    (plain_names, {"a.py": "def read(*, found): ..."}, "a.py:1: the parameter `found`"),
    (plain_names, {"a.py": "class A:\n    asked: int"}, "a.py:2: the attribute `asked`"),
    (plain_names, {"a.py": "def set(a):\n    a._said = 1"}, "a.py:2: the attribute `_said`"),
    (first_lines, {"b/__init__.py": '"""One line."""'}, "b/__init__.py:1: a docstring of 1 lines"),
    (first_lines, {"b/__init__.py": '"""' + "line\n" * 11 + '"""'}, "b/__init__.py:1: a docstring of 11 lines"),
    (modules_enough, {"b/__init__.py": "", "b/c.py": ""}, "b: a package with a single module"),
    (entries, {f"b/m{n}.py": "" for n in range(13)}, "b: 13 entries, at most 12"),
    (file_lengths, {"a.css": "a {}\n" * 301}, "a.css: 301 lines, at most 300"),
    (function_lengths, {"a.py": "async def f():\n" + "    a = 1\n" * 40}, "a.py:1: `f` has 41 lines, at most 40"),
]
"""A rule, files below the client's package, and the beginning of what it reports about them."""
KEPT = {
    "__init__.py": DOCSTRING,
    "a.py": "class Row:\n    offset: int\n\n    def take_over(self, request): self.request = request\n",
    "b/__init__.py": DOCSTRING,
    **{f"b/m{n}.py": "x = 1\n" * 300 for n in range(11)},
    "b/vendor/shelf.py": "def of(): ...\n" * 301,
    "f.py": "def f():\n" + "    a = 1\n" * 39,
}


def write(root: Path, below: str, files: dict[str, str]) -> None:
    for name, text in {
        "docs/glossary.md": GLOSSARY,
        **{f"{below}/{name}": text for name, text in files.items()},
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(("rule", "files", "report"), BREACHES)
def test_a_breach_is_reported_with_its_place_and_a_fix(
    rule: Rule, files: dict[str, str], report: str, tmp_path: Path
) -> None:
    write(tmp_path, CLIENT, files)
    (breach,) = rule(tmp_path)
    assert breach.startswith(f"{CLIENT}/{report}")
    assert "; " in breach


@pytest.mark.parametrize("rule", list(dict.fromkeys(rule for rule, _, _ in BREACHES)))
def test_what_keeps_the_rules_is_accepted(rule: Rule, tmp_path: Path) -> None:
    write(tmp_path, CLIENT, KEPT)
    write(tmp_path, COLLECTOR, {"a.py": "class Row: ...", "b.py": ""})  # once a distribution
    assert list(rule(tmp_path)) == []


def test_the_glossary_has_the_words_and_a_page_without_them_is_an_error() -> None:
    assert {"voice", "utils"} < given_up((ROOT / "docs/glossary.md").read_text())
    with pytest.raises(ValueError, match="has no words below"):
        given_up("# Glossary\n")


def test_a_pin_that_nobody_looked_at_is_a_breach_and_an_old_look_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "requirements.txt").write_text("uvicorn==0.54.0 \\\n    --hash=sha256:00\n")
    lock = tmp_path / "tests" / "node" / "package-lock.json"
    lock.parent.mkdir(parents=True)
    lock.write_text('{"packages": {"": {}, "node_modules/a/node_modules/@b/c": {"version": "1.2.3"}}}')
    write_pins(tmp_path)
    assert pins(tmp_path) == {"pypi uvicorn==0.54.0", "npm @b/c==1.2.3"}
    assert (list(looked_at(tmp_path)), capsys.readouterr().err) == ([], "")
    (tmp_path / "requirements.txt").write_text("uvicorn==0.54.1\n")
    (breach,) = looked_at(tmp_path)
    assert breach.startswith(f"{LIST}: pypi uvicorn==0.54.1 is pinned and nobody looked at it")
    text = (tmp_path / LIST).read_text()
    (tmp_path / LIST).write_text(text.replace(text.split("look, of ")[1][:10], "2020-01-01"))
    assert len(list(looked_at(tmp_path))) == 1
    assert "days old; look again" in capsys.readouterr().err
