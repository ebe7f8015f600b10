"""The answers of the API that no other package defines."""

import msgspec

from ...answer import ChartSpec


class ChartList(msgspec.Struct, frozen=True):
    """All charts, with their columns and filters."""

    charts: tuple[ChartSpec, ...]


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
