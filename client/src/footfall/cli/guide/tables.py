"""Tables of a catalogue in Markdown: its events, their properties, and the words of vocabularies."""

import re
from collections.abc import Mapping

from ...catalogue import (
    OTHER,
    WIRE_CONSTANTS,
    Amount,
    Catalogue,
    Identifier,
    Kind,
    Property,
    ToolName,
    Version,
    Vocabulary,
)

WORDS_IN_A_CELL = 12
"""A vocabulary with more words has a section of its own."""


def cell(text: str) -> str:
    """A text as it may stand in a cell of a Markdown table."""
    return text.replace("|", "\\|").replace("\n", " ")


def code(text: str) -> str:
    """A product's own name or word in Markdown's code style, whatever it contains."""
    if not text.strip():
        return f'"{text}"'
    # As many backticks as the text has nowhere, and a space, because it may begin with one.
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"`{text}`" if fence == "`" else f"{fence} {text} {fence}"


def kind_in_words(kind: Kind) -> str:
    """What values a kind admits, in a phrase."""
    if isinstance(kind, Vocabulary):
        return f"one of [{len({*kind.words, OTHER})} words](#{kind.name}-words)"
    if isinstance(kind, ToolName):
        return "a registered tool's name, else `other`"
    if isinstance(kind, Identifier):
        return "code identifier of at most 64 characters, else `other`"
    if isinstance(kind, Version):
        return "at most three numeric parts and an alpha, beta, rc or dev tag, else `other`"
    if isinstance(kind, Amount):
        return f"number of {kind.unit} from 0 to {kind.schema()['maximum']:,}, two significant digits"
    return "true or false"


def sent(properties: Mapping[str, Property]) -> dict[str, Property]:
    """The properties that are sent: a retired one is not."""
    return {name: p for name, p in properties.items() if p.retired is None}


def events_table(catalogue: Catalogue) -> str:
    """A line for each event with the names of its properties, and one for those that every event carries."""
    lines = ["| event | when | its own properties |", "|---|---|---|"]
    lines += [
        f"| {cell(code(e.name))} | {cell(e.meaning)} | {_names(e.properties)} |" for e in catalogue.events.values()
    ]
    return "\n".join([*lines, f"| all of them | | {_names(catalogue.common)} |"])


def _names(properties: Mapping[str, Property]) -> str:
    return ", ".join(f"`{name}`" for name in sent(properties))


def wire_constants() -> str:
    """The constants of each event, as in JSON."""
    texts = {True: "true", False: "false"}
    shown = {n: f'"{v}"' if isinstance(v, str) else texts[v] for n, v in WIRE_CONSTANTS.items()}
    return ", ".join(f"`{name}: {value}`" for name, value in shown.items())


def property_tables(catalogue: Catalogue) -> str:
    """A section for each event with a line for each property, and one for each longer vocabulary with its words."""
    titles = _titles(catalogue)
    parts = []
    for event in catalogue.events.values():
        properties = sent(event.properties)
        table = _table(properties, titles) if properties else "It has no properties of its own."
        parts.append(f"### {code(event.name)}\n\n{event.meaning}\n\n{table}")
    parts.append(f"### On every event\n\n{_table(sent(catalogue.common), titles)}")
    parts += [f"### `{title}` words\n\n{words_of(kind)}" for kind, title in titles.items()]
    return "\n\n".join(parts)


def _table(properties: Mapping[str, Property], titles: Mapping[Vocabulary, str]) -> str:
    lines = ["| property | meaning | value | why |", "|---|---|---|---|"]
    for name, p in properties.items():
        value = _values(p.kind, titles) + ("" if p.required else "; optional")
        lines.append(f"| `{name}` | {cell(p.meaning)} | {value} | {cell(p.purpose)} |")
    return "\n".join(lines)


def _values(kind: Kind, titles: Mapping[Vocabulary, str]) -> str:
    if not isinstance(kind, Vocabulary):
        return cell(kind_in_words(kind))
    if kind not in titles:
        return cell(words_of(kind))
    return f"one of [{len({*kind.words, OTHER})} words](#{_slug(titles[kind])}-words)"


def _slug(title: str) -> str:
    """A heading as the anchor of its section."""
    return re.sub(r"[^\w-]", "", title.lower().replace(" ", "-"))


def words_of(kind: Vocabulary) -> str:
    """The words of a vocabulary, and its other names for them."""
    words = ", ".join(code(word) for word in sorted({*kind.words, OTHER}, key=str.lower))
    if not kind.aliases:
        return words
    aliases = ", ".join(f"{code(alias)} as {code(word)}" for alias, word in kind.aliases)
    return f"{words}\n\nOther names that count as one of these: {aliases}."


def _titles(catalogue: Catalogue) -> dict[Vocabulary, str]:
    """Each vocabulary with a section of its own: its name, with a number where another vocabulary has that name."""
    properties = [p for event in catalogue.events.values() for p in sent(event.properties).values()]
    titles: dict[Vocabulary, str] = {}
    for kind in dict.fromkeys(p.kind for p in (*properties, *sent(catalogue.common).values())):
        if isinstance(kind, Vocabulary) and (kind.aliases or len(kind.words) > WORDS_IN_A_CELL):
            number = 1 + sum(other.name == kind.name for other in titles)
            titles[kind] = kind.name if number == 1 else f"{kind.name} {number}"
    return titles
