"""A catalogue is read from a file or a module, and one that can't be used is named with the place and the fix."""

import sys
from pathlib import Path

import pytest

from footfall.catalogue.loading import CatalogueError, is_module_name, load_events

CATALOGUE = """
from footfall.catalogue import Event

class Sent(Event, frozen=True, tag="sent_{tag}"):
    meaning = "Sent."

EVENTS = (Sent,)
"""


def tags(source: str, directory: Path | None = None) -> list[object]:
    events = load_events(source, "post", directory=str(directory) if directory else None)
    return [event.__struct_config__.tag for event in events]


def test_a_file_and_a_module_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "odd").touch()
    assert [is_module_name(name) for name in ("post.events", "events", "post_events")] == [True, True, True]
    assert not any(map(is_module_name, ("events.py", "./events", "/srv/events.py", "a-b", "odd", "", "a..b", ".a")))


def test_it_is_loaded_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(CATALOGUE.format(tag="file"))
    assert tags(str(tmp_path / "own.py")) == ["sent_file"]


def test_it_is_loaded_from_a_module_which_is_searched_where_it_should_be(tmp_path: Path) -> None:
    package = tmp_path / "loading_shop"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "words.py").write_text(CATALOGUE.format(tag="module"))
    (package / "events.py").write_text("from .words import EVENTS as EVENTS\n")
    before = sys.path.copy()
    with pytest.raises(CatalogueError, match="is no importable module: loading_shop is not installed"):
        tags("loading_shop.events")
    assert tags("loading_shop.events", tmp_path) == ["sent_module"]
    assert sys.path == before
    with pytest.raises(CatalogueError, match=r"loading_shop\.nothing is not installed .* such as loading_shop/nothing"):
        tags("loading_shop.nothing", tmp_path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "must be a Python file (`.py`) that exists, or an importable module"),
        ("", "write `EVENTS = (MyEvent, …)`"),
        ("EVENTS = [1]", "write `EVENTS = (MyEvent, …)`"),
        ("EVENTS = (1,)", "write `EVENTS = (MyEvent, …)`"),
        ("\nEVENTS = (", ", line 2: the catalogue of post fails to load: SyntaxError: '(' was never closed"),
        ("\n\nimport nothing_there", ", line 3: the catalogue of post fails to load: ModuleNotFoundError"),
        ("from . import words", "no known parent package; name it as a module of its package, such as post.events"),
        ("raise SystemExit(0)", ", line 1: the catalogue of post fails to load: SystemExit: 0"),
        ("def f():\n    return {}['a']\n\nf()", ", line 2: the catalogue of post fails to load: KeyError"),
        ("class Odd(Exception): pass\nraise Odd('why')", ", line 2: the catalogue of post fails to load: Odd: why"),
    ],
)
def test_what_can_not_be_used_is_named_with_its_place(text: str | None, says: str, tmp_path: Path) -> None:
    path = tmp_path / "own.py"
    if text is not None:
        path.write_text(text)
    with pytest.raises(CatalogueError) as error:
        tags(str(path))
    assert str(error.value).startswith(str(path))
    assert says in str(error.value)


def test_a_module_that_lacks_something_else_is_not_said_to_be_missing(tmp_path: Path) -> None:
    (tmp_path / "loading_lacks.py").write_text("import nothing_there")
    with pytest.raises(CatalogueError, match=r"loading_lacks: .* fails to load: ModuleNotFoundError: .*nothing_there"):
        tags("loading_lacks", tmp_path)
