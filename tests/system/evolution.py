"""Catalogues of a product before and after each change of `docs/evolving.md`, as Python files."""

from dataclasses import dataclass

HEAD = '''
from typing import Annotated

from footfall.catalogue import Amount, Event, Identifier, Property, Version, Vocabulary


def said(kind, **more):
    return Property(kind, meaning="A meaning", purpose="A purpose", question="tools", **more)


class Made(Event, frozen=True, tag="made"):
    """Something was made."""

'''
SHIPPED = '''

class Shipped(Event, frozen=True, tag="shipped"):
    """It was shipped."""

    pages: Annotated[float, said(Amount("pages", 1000))]


EVENTS = (Made, Shipped)
'''
ONLY_MADE = "\n\nEVENTS = (Made,)\n"


@dataclass(frozen=True)
class Change:
    """One change of a catalogue.

    Attributes:
        before, after: the fields of the event `made`.
        old, new: the properties that each release records.
        old_stored, new_stored: what a collector with the other catalogue stores of them.
        old_told, new_told: what it tells its operator.
        shipped: whether the new release has a second event.
    """

    before: str
    after: str
    old: dict[str, object]
    new: dict[str, object]
    old_stored: dict[str, object]
    new_stored: dict[str, object]
    old_told: tuple[str, ...] = ()
    new_told: tuple[str, ...] = ()
    shipped: bool = False

    def catalogue(self, release: str) -> str:
        fields = self.before if release == "old" else self.after
        return HEAD + fields + (SHIPPED if self.shipped and release == "new" else ONLY_MADE)


def words(name: str, listed: str, more: str = "", default: str = "") -> str:
    """A field whose kind is a vocabulary."""
    vocabulary = f'Vocabulary("{name}", {tuple(listed.split())!r})'
    return f"    {name}: Annotated[str, said({vocabulary}{more})]{default}\n"


PAGES = '    pages: Annotated[float, said(Amount("pages", 1000))]\n'
UNKNOWN = "made: properties that are not in this collector's catalogue are left out"

CHANGES = {
    "add": Change(
        PAGES,
        PAGES + words("paper", "a4 letter", ', since="2.0"'),
        {"pages": 3},
        {"pages": 4, "paper": "a4"},
        {"pages": 3.0, "paper": None},
        {"pages": 4.0, "paper": None},
        new_told=(UNKNOWN,),
    ),
    "add-event": Change(
        PAGES,
        PAGES,
        {"pages": 3},
        {"pages": 4},
        {"pages": 3.0},
        {"pages": 4.0},
        new_told=("an event that is not in this collector's catalogue is refused",),
        shipped=True,
    ),
    "rename": Change(
        words("colour", "red blue"),
        words("color", "red blue", ', since="2.0"')
        + words("colour", "red blue", ', retired="2.0", required=False', ' = "red"'),
        {"colour": "red"},
        {"color": "blue"},
        {"color": None, "colour": None},
        {"color": None, "colour": None},
        old_told=("made.colour: is retired and left out",),
        new_told=(UNKNOWN,),
    ),
    "retire": Change(
        PAGES + words("size", "small large"),
        PAGES + words("size", "small large", ', retired="2.0"', ' = "small"'),
        {"pages": 3, "size": "large"},
        {"pages": 4},
        {"pages": 3.0, "size": None},
        {"pages": 4.0, "size": None},
        old_told=("made.size: is retired and left out",),
    ),
    "tighten": Change(
        '    weight: Annotated[float, said(Amount("grams", 1000))]\n    built: Annotated[str, said(Identifier())]\n'
        + words("mark", "x y z", ", required=False", ' = "x"'),
        '    weight: Annotated[float, said(Amount("grams", 10))]\n    built: Annotated[str, said(Version())]\n'
        + words("mark", "x y"),
        {"weight": 500, "built": "Nightly", "mark": "z"},
        {"weight": 5, "built": "1.2.0", "mark": "y"},
        {"weight": 10.0, "built": "other", "mark": "other"},
        {"weight": 5.0, "built": "other", "mark": "y"},
    ),
    "loosen": Change(
        words("level", "low"),
        words("level", "low high", ", required=False", ' = "low"'),
        {"level": "low"},
        {"level": "high"},
        {"level": "low"},
        {"level": "other"},
    ),
}
