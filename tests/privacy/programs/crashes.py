"""The planted texts, and the exceptions that hold them when a tool of the host application fails."""

import json
import os
from collections.abc import Callable

with open(os.environ["PRIVACY_PLAN"], encoding="utf-8") as _plan:
    PLAN: dict[str, list[str]] = json.load(_plan)


def text_of(place: str, number: int) -> str:
    return PLAN[place][number % len(PLAN[place])]


class ShopError(Exception):
    """An exception class that stands in its module. A tool renames it."""


def _message(number: int) -> Exception:
    error = LookupError(text_of("messages", number))
    if hasattr(error, "add_note"):
        error.add_note(text_of("messages", number + 1))
    return error


def _cause(number: int) -> Exception:
    error = RuntimeError(text_of("messages", number))
    error.__cause__ = OSError(2, text_of("messages", number + 1), text_of("messages", number + 2))
    return error


def _made(number: int) -> Exception:
    name = text_of("classes", number)
    made: Exception = type(name, (ValueError,), {"__module__": __name__, "__qualname__": name})(
        text_of("messages", number)
    )
    return made


def _elsewhere(number: int) -> Exception:
    made = {"__module__": text_of("modules", number), "__qualname__": text_of("modules", number + 1)}
    error: Exception = type(text_of("classes", number), (TimeoutError,), made)(text_of("messages", number))
    return error


def _renamed(number: int) -> Exception:
    ShopError.__name__ = ShopError.__qualname__ = text_of("classes", number)
    return ShopError(text_of("messages", number))


def _stands_oddly(number: int) -> Exception:
    """A class that can be found in its module, under a name that is no identifier."""
    name = f"{text_of('classes', number)} & sons"
    made = type(name, (KeyError,), {"__module__": __name__})
    globals()[name] = made
    error: Exception = made(text_of("messages", number))
    return error


CRASHES: dict[str, Callable[[int], Exception]] = {
    "message": _message,
    "cause": _cause,
    "made": _made,
    "elsewhere": _elsewhere,
    "renamed": _renamed,
    "stands oddly": _stands_oddly,
}
