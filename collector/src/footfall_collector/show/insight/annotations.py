"""What happened in a period: annotations that were added, and releases as their first events show them."""

from datetime import UTC, datetime

import msgspec

from ...annotations import Annotation
from ...answer import Answers, Filters
from .releases import release_marks

BY_EVENTS = "events"


class ShownAnnotations(msgspec.Struct, frozen=True):
    """The annotations of a period, the earliest first."""

    annotations: list[Annotation]


def stored_annotations(answers: Answers, filters: Filters) -> list[Annotation]:
    """Those that someone added; of the filters only the product and the range count."""
    if answers.annotations is None:
        return []
    return answers.annotations.between(filters.product, _stamp(filters.start), _stamp(filters.end))


def shown_annotations(answers: Answers, filters: Filters) -> ShownAnnotations:
    """The same, with the releases that events show by themselves."""
    releases = [
        Annotation("", f"{mark.at}T00:00:00Z", f"{mark.name} first seen", filters.product, BY_EVENTS)
        for mark in release_marks(answers, filters)
    ]
    return ShownAnnotations(sorted([*stored_annotations(answers, filters), *releases], key=lambda each: each.at))


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
