"""The markup of sentences: `code`, **strong**, {bad|worse} and {good|better}, of which the last two may contain code.

Code is a value that a sender chose, and no such value stands outside of code. So every reader of a sentence, a page,
a report or an assistant, can tell the collector's words from a stranger's.
"""

import re
from collections.abc import Callable, Mapping

from footfall.catalogue import OTHER

_MARKUP = frozenset("`*{}|\\")
_PARTS = re.compile(r"`(?P<code>[^`]*)`|\*\*(?P<strong>[^*]*)\*\*|\{(?P<tone>bad|good)\|(?P<toned>[^}]*)\}")
_PLAIN = {"code": "{}", "strong": "{}", "bad": "{}", "good": "{}", "text": "{}"}
_CODE = re.compile(r"`([^`]*)`")


def code(value: str) -> str:
    """A value as code."""
    return f"`{printable(value)}`"


def tool_name(name: str) -> str:
    """A tool as code; those that the server did not register have one name for readers."""
    return "unlisted tools" if name == OTHER else code(name)


def printable(value: str) -> str:
    """The value with escapes for the markup's characters, and for those that no reader sees.

    These are control characters, which command terminals, and marks that change the direction of text.
    """
    if value.isprintable() and _MARKUP.isdisjoint(value):
        return value
    return "".join(each if each.isprintable() and each not in _MARKUP else _escape(each) for each in value)


def _escape(character: str) -> str:
    point = ord(character)
    return f"\\u{point:04x}" if point < 1 << 16 else f"\\U{point:08x}"


def render_markup(sentence: str, forms: Mapping[str, str], escape: Callable[[str], str] = str) -> str:
    """The sentence in another format.

    `forms` has a format string with one `{}` for each of `code`, `strong`, `bad`, `good` and `text`. `escape` is
    applied to every text before that.
    """
    parts, at = [], 0
    for match in _PARTS.finditer(sentence):
        parts.append(forms["text"].format(escape(sentence[at : match.start()])))
        if match["tone"]:
            parts.append(forms[match["tone"]].format(render_markup(match["toned"], forms, escape)))
        else:
            kind = "strong" if match["code"] is None else "code"
            parts.append(forms[kind].format(escape(match[kind])))
        at = match.end()
    return "".join((*parts, forms["text"].format(escape(sentence[at:]))))


def plain_sentence(sentence: str) -> str:
    """The sentence without markup."""
    return render_markup(sentence, _PLAIN)


def replace_code(sentence: str, replace: Callable[[str], str]) -> str:
    """The sentence with each value replaced; everything else stays markup."""
    return _CODE.sub(lambda match: replace(match[1]), sentence)
