"""A product's catalogue that contradicts itself or another one stops the collector's start with a sentence."""

import inspect
from pathlib import Path

import pytest

from client.tests.catalogue import test_own_events as own_events
from footfall.catalogue import Event
from footfall.catalogue.own_events import ENVELOPE
from footfall_collector.admit import load_catalogues
from footfall_collector.runtime import ProductSettings, SettingsError
from footfall_collector.store.columns import FIXED_COLUMNS
from tests.support.collector_process import start_collector


def written(path: Path, events: tuple[type[Event], ...]) -> Path:
    """A catalogue of these classes as a file."""
    source = inspect.getsource(own_events)
    helper = source[source.index("def said") : source.index("class Redefined")]
    classes = "\n\n".join(inspect.getsource(event) for event in events)
    imports = (
        "from typing import Annotated, Any\n"
        "from footfall.catalogue import Amount, Event, ExtraProperties, Flag, Identifier, Property\n"
        "from footfall.catalogue import ToolError, ToolExecuted, ToolName\n"
    )
    path.write_text(f"{imports}\n{helper}\n{classes}\n\nEVENTS = ({', '.join(e.__name__ for e in events)},)\n")
    return path


@pytest.mark.parametrize(
    ("events", "says"), own_events.CONFLICTS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_it_is_refused_at_the_start(events: tuple[type[Event], ...], says: str, tmp_path: Path) -> None:
    catalogue = written(tmp_path / "events.py", events)
    with pytest.raises(SettingsError) as wrong:
        load_catalogues({"shop": ProductSettings(catalogue=catalogue)})
    assert f"the catalogue of shop: {says}" in str(wrong.value)


def test_the_process_ends_with_the_sentence(tmp_path: Path) -> None:
    written(tmp_path / "events.py", (own_events.Redefined,))
    (tmp_path / "footfall.toml").write_text('[products.shop]\ncatalogue = "events.py"\n')
    with pytest.raises(AssertionError, match="instead of listening") as ended:
        start_collector(tmp_path)
    said = str(ended.value)
    assert "Redefined is named `tool_executed`, as ToolExecuted is: choose another tag" in said
    assert "ended with 0" not in said
    assert "Traceback" not in said


def test_a_property_has_one_type_in_all_products(tmp_path: Path) -> None:
    first = written(tmp_path / "first.py", (own_events.Further,))
    second = written(tmp_path / "second.py", (own_events.ThirdType,))
    products = {"first": ProductSettings(catalogue=first), "second": ProductSettings(catalogue=second)}
    with pytest.raises(SettingsError, match="property `pages` is a boolean in second and a number in first"):
        load_catalogues(products)


def test_a_property_is_written_the_same_in_all_products(tmp_path: Path) -> None:
    """Both would be one column, and no event of any product could be loaded."""
    first = written(tmp_path / "first.py", (own_events.Further,))
    (tmp_path / "second.py").write_text(first.read_text().replace("    pages:", "    Pages:"))
    products = {name: ProductSettings(catalogue=tmp_path / f"{name}.py") for name in ("first", "second")}
    with pytest.raises(SettingsError, match="property `Pages` of second is `pages` in first: write both the same"):
        load_catalogues(products)


def test_no_property_can_have_the_name_of_a_column_of_every_event() -> None:
    """The value of such a property would be taken for what the collector itself says of the event."""
    assert FIXED_COLUMNS.keys() <= ENVELOPE
