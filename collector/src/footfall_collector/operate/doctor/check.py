"""One result of the doctor."""

from typing import Literal

import msgspec

from ...runtime import printable

Level = Literal["ok", "note", "action"]


class Check(msgspec.Struct, frozen=True):
    """What was looked at, and what to do.

    Attributes:
        id: a word such as `disk`; several results may have the same.
        level: `action` where an operator should do something, `note` for what may be worth a look.
        text: what is the case.
        todo: what to do; empty where there is nothing.
    """

    id: str
    level: Level
    text: str
    todo: str = ""


def ok(id_: str, text: str) -> Check:
    return Check(id_, "ok", printable(text))


def note(id_: str, text: str, todo: str = "") -> Check:
    return Check(id_, "note", printable(text), printable(todo))


def action(id_: str, text: str, todo: str) -> Check:
    return Check(id_, "action", printable(text), printable(todo))
