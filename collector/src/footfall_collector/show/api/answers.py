"""The answers of the API that no other package defines."""

import msgspec

from ...answer import ChartSpec, PropertyQuestion


class ChartList(msgspec.Struct, frozen=True):
    """All charts, and the questions that every property of every event has.

    Attributes:
        charts: with their columns and filters.
        questions: of all products, in the order of their catalogues.
    """

    charts: tuple[ChartSpec, ...]
    questions: tuple[PropertyQuestion, ...]


class Pulse(msgspec.Struct, frozen=True):
    """The state of the data.

    Attributes:
        token: changes when events are loaded; cheap enough to ask for every two seconds.
    """

    token: str


class ApiError(msgspec.Struct, frozen=True):
    """A refusal.

    Attributes:
        error: one sentence.
    """

    error: str
