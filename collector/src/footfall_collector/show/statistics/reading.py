"""Reads the calls that the search for causes works on."""

from collections.abc import Collection, Sequence

from ...answer import Answers, Filters
from .cube import CallCell, coarsen


def read_call_cells(
    answers: Answers, filters: Filters, versions: Sequence[str], apart: Collection[str]
) -> list[CallCell]:
    """The calls of a range, coarse enough for an answer in time. Those of versions `apart` are left out.

    The roll-ups count calls without their instances. What comes next to an instance are the calls of one client,
    provider and version: an instance hardly ever has two of each.
    """
    cells = [
        CallCell(day, version, tool, client, provider, f"{version} {client} {provider}", calls, errors)
        for day, version, tool, client, provider, calls, errors in answers.call_cells(filters)
        if version not in apart
    ]
    return coarsen(cells, versions)
