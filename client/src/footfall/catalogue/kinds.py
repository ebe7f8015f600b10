"""The closed set of kinds of properties. There is no kind for free text.

A kind turns an untrusted value into an admitted one: `checker(tools)` returns a function that returns the value in the
form that may be stored and sent, or None if the value has no such form. Checkers never raise for any value. They are
idempotent, so client and collector can both apply them. Each kind says what it can carry at most. `KINDS` is complete:
a subclass, or another object with a `checker`, is refused, because it could admit any text.
"""

import re
from collections.abc import Callable, Container, Iterable
from typing import Any, ClassVar

import msgspec

from .vocabularies import OTHER

Value = str | bool | int | float
Checker = Callable[[object], "Value | None"]

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)
MAX_TOOL_NAME = 128
"""The longest name of a tool in MCP's specification."""
_TOOL = re.compile(rf"[A-Za-z0-9_][A-Za-z0-9_./\-]{{0,{MAX_TOOL_NAME - 1}}}", re.ASCII)
# At most three numeric parts of at most five digits; another digit after them makes a part too long.
_VERSION = re.compile(
    r"v?(?P<numbers>\d{1,5}(?:\.\d{1,5}){0,2})(?![0-9])(?!\.\d)(?:[.\-_+]?(?P<tag>[A-Za-z]+))?",
    re.ASCII | re.IGNORECASE,
)
_TAGS = {"a": "alpha", "alpha": "alpha", "b": "beta", "beta": "beta", "c": "rc", "rc": "rc", "pre": "rc", "dev": "dev"}
_MAX_TEXT = 200


class Vocabulary(msgspec.Struct, frozen=True):
    """One of a finite list of words. Any other text becomes `other`, and a value that is no text becomes None.

    At most it carries one of the words, which are in the code, or `other`. `aliases` are pairs of another name for a
    word, and the word that it becomes.
    """

    name: str
    words: tuple[str, ...]
    aliases: tuple[tuple[str, str], ...] = ()
    label: ClassVar[str] = "vocabulary"

    def extended(self, words: Iterable[str]) -> "Vocabulary":
        """The same vocabulary with more words, which come from code, never from data."""
        return Vocabulary(self.name, tuple(dict.fromkeys((*self.words, *words))), self.aliases)

    def checker(self, tools: Container[str] | None = None) -> Checker:
        # A word comes after the aliases, so that no alias changes it: what was admitted stays as it is.
        words = {word: word for word in (*self.words, OTHER) if type(word) is str}
        admitted = {alias: word for alias, word in self.aliases if word in words} | words

        def check(value: object) -> Value | None:
            if type(value) is not str:
                return None
            return admitted.get(value, OTHER)

        return check

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": sorted({*self.words, OTHER})}


class ToolName(msgspec.Struct, frozen=True):
    """A tool's registered name; any other text becomes `other`.

    Where the registered names are not known (in a collector, for a product that does not list its tools), any text
    with the form of a tool name is admitted: at most 128 ASCII letters, digits and `_ . / -`, the first a letter, a
    digit or `_`. At most it carries a name that code registered; where the names are not known, 128 such characters.
    """

    label: ClassVar[str] = "tool name"

    def checker(self, tools: Container[str] | None = None) -> Checker:
        matches = _TOOL.fullmatch
        # Results of earlier checks. Only registered names are in it, so it is bounded.
        cached: dict[object, str] = {}

        def check(value: object) -> Value | None:
            if type(value) is not str:
                return None
            if tools is None:
                return value if matches(value) else OTHER
            admitted = cached.get(value)
            if admitted is None and value in tools:
                admitted = cached[value] = value if matches(value) else OTHER
            return admitted or OTHER

        return check

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{_TOOL.pattern}$"}


class Identifier(msgspec.Struct, frozen=True):
    """A code identifier, such as a class name; any other text becomes `other`.

    At most it carries 64 ASCII letters, digits and underscores, the first no digit.
    """

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

    Any text after that is cut (`v1.31.2-gke.1` is `1.31.2`, `2.0.0rc1` is `2.0.0-rc`). A fourth part, or text that
    does not start with a number, makes it `other`. An empty text is None.
    At most it carries three numbers below 100,000 and one of four tags.
    """

    label: ClassVar[str] = "version"

    def checker(self, tools: Container[str] | None = None) -> Checker:
        return clean_version

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^(\d{1,5}(\.\d{1,5}){0,2}(-(alpha|beta|rc|dev))?|other)$"}


def clean_version(value: object) -> str | None:
    """The admissible part of a version text; `other` if there is none, None if it is empty or no text."""
    if type(value) is not str or not value:
        return None
    # Only the first characters matter; the pattern would cut the rest in any case.
    match = _VERSION.match(value[:_MAX_TEXT])
    if match is None:
        return OTHER
    tag = _TAGS.get((match["tag"] or "").lower())
    return f"{match['numbers']}-{tag}" if tag else match["numbers"]


class Flag(msgspec.Struct, frozen=True):
    """True or false, nothing else (1 and "true" are None). It carries one bit."""

    label: ClassVar[str] = "bool"

    def checker(self, tools: Container[str] | None = None) -> Checker:
        def check(value: object) -> Value | None:
            return value if value is True or value is False else None

        return check

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


class Amount(msgspec.Struct, frozen=True):
    """A number from 0 to `maximum` of a unit, rounded to two significant digits, at finest to hundredths.

    A greater number becomes the maximum. A negative number, NaN, or a value that is no number becomes None. At most it
    carries two digits and their magnitude.
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
    """Two significant digits, at finest hundredths. A whole number is an int. `value` must be finite and ≥ 0."""
    # round() is exact for any number of digits, and several times as fast as formatting and parsing.
    if value >= 1000:
        return int(float(f"{value:.1e}"))
    if value >= 10:
        return round(value) if value < 100 else int(round(value, -1))
    rounded = round(value, 1 if value >= 1 else 2)
    whole = int(rounded)
    return whole if rounded == whole else rounded


Kind = Vocabulary | ToolName | Identifier | Version | Flag | Amount
KINDS: tuple[type[Any], ...] = (Vocabulary, ToolName, Identifier, Version, Flag, Amount)
"""Every kind there is. A property's kind is an object of exactly one of these classes."""
