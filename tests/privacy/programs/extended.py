"""A product that adds properties to its calls, by a function that returns and raises planted texts."""

import os
from typing import Annotated, Any

from crashes import PLAN

from footfall import Product, Telemetry
from footfall.catalogue import Amount, ExtraProperties, Flag, Property, Version, Vocabulary


def said(kind: Any) -> Property:
    return Property(kind, meaning="text", purpose="none", question="next")


class OfCalls(ExtraProperties, frozen=True, tag="tool_executed"):
    """What a product of the host's own adds to its calls."""

    plan: Annotated[str, said(Vocabulary("plan", ("free", "paid")))]
    seats: Annotated[float, said(Amount("seats", 1000))]
    beta: Annotated[bool, said(Flag())]
    engine: Annotated[str, said(Version())]


class Betraying:
    """An object that gives a planted text to whoever looks at it."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        raise ValueError(self.text)

    def __hash__(self) -> int:
        return hash(self.text)


def fill_extra_properties() -> None:
    """Call a tool of the product once for each planted text and each way to betray it."""
    key = {"EXTENDED_POSTHOG_KEY": "phc_other", "EXTENDED_POSTHOG_HOST": "http://127.0.0.1:9"}
    environ = {name: value for name, value in os.environ.items() if not name.startswith("DOT_AI_")} | key
    extended = Telemetry(Product("extended", version="1.0.0", catalogue=(OfCalls,)), environ=environ)
    for text in PLAN["extra properties"]:
        betraying = Betraying(text)
        words: dict[Any, Any] = {"plan": text, "seats": text, "beta": text, "engine": text, text: text}
        objects: dict[Any, Any] = {"plan": betraying, "seats": betraying, "beta": betraying, betraying: betraying}

        def fail(tool: str | None, text: str = text) -> Any:
            raise type(text, (ValueError,), {"__module__": text})(text)

        for function in (fail, lambda tool, it=text: it, lambda tool, it=words: it, lambda tool, it=objects: it):
            extended.fill_properties(function)
            with extended.tool("echo"):
                pass
    extended.close()
