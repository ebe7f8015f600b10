"""The closed set of property types. A free-form string does not exist.

A kind turns an untrusted value into an admitted one: `checker(tools)` gives a function that returns the value as
it may be stored and sent, or None where the value has no admissible form. Checkers never raise, whatever they are
given, and admit what they admitted before unchanged (they are idempotent), so client and collector can both apply
them.
"""

import re
from collections.abc import Callable, Container, Iterable
from typing import Any, ClassVar

import msgspec

from .vocabularies import OTHER

Value = str | bool | int | float
Checker = Callable[[object], "Value | None"]

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)
_TOOL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./\-]{0,63}", re.ASCII)
# At most three numeric parts of at most five digits; what follows must not be another digit (too long a part).
_VERSION = re.compile(
    r"v?(?P<numbers>\d{1,5}(?:\.\d{1,5}){0,2})(?![0-9])(?!\.\d)(?:[.\-_+]?(?P<tag>[A-Za-z]+))?",
    re.ASCII | re.IGNORECASE,
)
_TAGS = {"a": "alpha", "alpha": "alpha", "b": "beta", "beta": "beta", "c": "rc", "rc": "rc", "pre": "rc", "dev": "dev"}
_MAX_TEXT = 200


class Vocabulary(msgspec.Struct, frozen=True):
    """One of a finite list of words; any other text becomes `other`. Not a text: None.

    `aliases` are pairs of another name for a word, and the word, which is what counts.
    """

    name: str
    words: tuple[str, ...]
    aliases: tuple[tuple[str, str], ...] = ()
    label: ClassVar[str] = "vocabulary"

    def extended(self, words: Iterable[str]) -> "Vocabulary":
        """The same vocabulary with more words; the words come from code, never from data."""
        return Vocabulary(self.name, tuple(dict.fromkeys((*self.words, *words))), self.aliases)

    def checker(self, tools: Container[str] | None = None) -> Checker:
        # A word comes after the aliases, so that no alias changes it: what was admitted stays as it is.
        admitted = dict(self.aliases) | {word: word for word in (*self.words, OTHER)}

        def check(value: object) -> Value | None:
            if type(value) is not str:
                return None
            return admitted.get(value, OTHER)

        return check

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": sorted({*self.words, OTHER})}


class ToolName(msgspec.Struct, frozen=True):
    """A tool's registered name; any other text becomes `other`.

    Where the registered names are not known (a collector for a product that does not list its tools) the name must
    have the form of one: at most 64 ASCII letters, digits and `_ . / -`.
    """

    label: ClassVar[str] = "tool name"

    def checker(self, tools: Container[str] | None = None) -> Checker:
        matches = _TOOL.fullmatch
        # Names that were looked at before. It holds registered names only, so it is bounded.
        known: dict[object, str] = {}

        def check(value: object) -> Value | None:
            if type(value) is not str:
                return None
            if tools is None:
                return value if matches(value) else OTHER
            found = known.get(value)
            if found is None and value in tools:
                found = known[value] = value if matches(value) else OTHER
            return found or OTHER

        return check

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{_TOOL.pattern}$"}


class Identifier(msgspec.Struct, frozen=True):
    """A code identifier of at most 64 ASCII characters, such as a class name; any other text becomes `other`."""

    label: ClassVar[str] = "code identifier"

    def checker(self, tools: Container[str] | None = None) -> Checker:
        matches = _IDENTIFIER.fullmatch

        def check(value: object) -> Value | None:
            if type(value) is not str:
                return None
            return value if matches(value) else OTHER

        return check

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{_IDENTIFIER.pattern}$"}


class Version(msgspec.Struct, frozen=True):
    """At most three numeric parts of at most five digits and at most an alpha, beta, rc or dev tag: `1.31.2`, `2.0-rc`.

    Whatever follows is cut (`v1.31.2-gke.1` is `1.31.2`, `2.0.0rc1` is `2.0.0-rc`); a fourth part, or text that
    does not start with a number, makes it `other`. An empty text is None.
    """

    label: ClassVar[str] = "version"

    def checker(self, tools: Container[str] | None = None) -> Checker:
        return clean_version

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^(\d{1,5}(\.\d{1,5}){0,2}(-(alpha|beta|rc|dev))?|other)$"}


def clean_version(value: object) -> str | None:
    """The admissible part of a version text; `other` where there is none, None where it is empty or not a text."""
    if type(value) is not str or not value:
        return None
    # The form is decided within the first characters; the rest would be cut in any case.
    match = _VERSION.match(value[:_MAX_TEXT])
    if match is None:
        return OTHER
    tag = _TAGS.get((match["tag"] or "").lower())
    return f"{match['numbers']}-{tag}" if tag else match["numbers"]


class Flag(msgspec.Struct, frozen=True):
    """True or false, nothing else (1 and "true" are None)."""

    label: ClassVar[str] = "bool"

    def checker(self, tools: Container[str] | None = None) -> Checker:
        def check(value: object) -> Value | None:
            return value if value is True or value is False else None

        return check

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


class Amount(msgspec.Struct, frozen=True):
    """A number from 0 to `maximum` of a unit, kept to two significant digits and at finest to hundredths.

    Above the maximum it is the maximum; negative, NaN or not a number: None.
    """

    unit: str
    maximum: int
    label: ClassVar[str] = "bounded number"

    def checker(self, tools: Container[str] | None = None) -> Checker:
        maximum = round_significant(self.maximum)

        def check(value: object) -> Value | None:
            if type(value) is not float and type(value) is not int:
                return None
            if value >= maximum:
                return maximum
            # NaN fails every comparison, so it ends here with the negatives.
            return round_significant(value) if value >= 0 else None

        return check

    def schema(self) -> dict[str, Any]:
        return {"type": "number", "minimum": 0, "maximum": round_significant(self.maximum), "description": self.unit}


def round_significant(value: float) -> int | float:
    """Two significant digits, hundredths at finest; whole numbers come back as int. `value` is finite and ≥ 0."""
    # round() is exact for every number of digits, and several times as fast as formatting and parsing.
    if value >= 1000:
        return int(float(f"{value:.1e}"))
    if value >= 10:
        return round(value) if value < 100 else int(round(value, -1))
    rounded = round(value, 1 if value >= 1 else 2)
    whole = int(rounded)
    return whole if rounded == whole else rounded


Kind = Vocabulary | ToolName | Identifier | Version | Flag | Amount
