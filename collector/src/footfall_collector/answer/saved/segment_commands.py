"""What can be done with saved segments: by the API, over the control socket, and by the command line."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import wraps
from types import MappingProxyType
from typing import Any

import msgspec

from footfall.catalogue import Catalogue

from ...runtime import Command, ControlError
from ...store import CALLS_EVENT
from ..filters import EXTRA_FILTERS, FilterError, Filters, product_named
from ..questions import QuestionNames, parse_segment
from .saved_segments import SavedSegment, SavedSegments, SavedSegmentsError

Catalogues = Mapping[str, Catalogue]
_NOT_OF_A_VIEW = frozenset({"product", "segment", "where", "a", "b", "version", "provider", *EXTRA_FILTERS})
"""Parameters of an address that are conditions, or say whose they are."""


class SegmentList(msgspec.Struct, frozen=True):
    """The saved segments, by product and name."""

    segments: list[SavedSegment]


def segment_changes(saved: SavedSegments, catalogues: Catalogues) -> dict[str, Callable[..., Any]]:
    """The functions that change saved segments, by name. They raise FilterError, SavedSegmentsError, OSError."""

    def save(
        name: str,
        product: str | None = None,
        where: Sequence[str] = (),
        page: str = "",
        view: Mapping[str, str] = MappingProxyType({}),
        replace: bool = False,
    ) -> SavedSegment:
        known = product_named(product, catalogues)
        check_conditions(where, catalogues[known])
        if wrong := sorted(view.keys() & _NOT_OF_A_VIEW):
            raise SavedSegmentsError(f"{wrong[0]} is a condition: it belongs to where, not to the view.")
        return saved.save(SavedSegment(known, name, list(where), page, dict(view)), replace=replace)

    def rename(name: str, new: str, product: str | None = None) -> SavedSegment:
        return saved.rename(product_named(product, catalogues), name, new)

    def delete(name: str, product: str | None = None) -> None:
        saved.delete(product_named(product, catalogues), name)

    return {"segments_save": save, "segments_rename": rename, "segments_delete": delete}


def segment_commands(saved: SavedSegments, catalogues: Catalogues) -> dict[str, Command]:
    """The same with `segments_list`, for the command line: results are plain, and they raise ControlError.

    The control socket has no lists: conditions are lines of a text.
    """
    functions = segment_changes(saved, catalogues)

    def list_segments(product: str | None = None) -> list[SavedSegment]:
        return saved.all(None if product is None else product_named(product, catalogues))

    def save(name: str, product: str | None = None, where: str = "", replace: bool = False) -> SavedSegment:
        conditions = [line for line in where.split("\n") if line]
        segment: SavedSegment = functions["segments_save"](name, product, conditions, replace=replace)
        return segment

    commands = functions | {"segments_list": list_segments, "segments_save": save}
    return {name: _plain(function) for name, function in commands.items()}


def _plain(function: Callable[..., Any]) -> Command:
    @wraps(function)
    def command(**arguments: Any) -> Any:
        with _control_errors():
            return msgspec.to_builtins(function(**arguments))

    return command


@contextmanager
def _control_errors() -> Iterator[None]:
    try:
        yield
    except (FilterError, SavedSegmentsError) as error:
        raise ControlError(str(error)) from None
    except OSError as error:
        raise ControlError(f"the data directory can't be written ({error.strerror}); check --data") from None


def check_conditions(conditions: Sequence[str], catalogue: Catalogue) -> None:
    """Raises FilterError for a condition that no chart could obey."""
    now = datetime.now(UTC)
    everything, names = Filters(catalogue.product, now, now), QuestionNames(catalogue)
    for event in (None, CALLS_EVENT):
        parse_segment(conditions, everything, names, event)
