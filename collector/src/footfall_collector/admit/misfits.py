"""What does not fit the catalogue: which event or property, how many, since when, and from which versions.

A catalogue evolves while releases in the field send by an earlier one, and new releases meet collectors that have not
been updated. Each kind of misfit is counted, shown on the data-health page, and logged once. Its words are those of the
catalogue: the name of an unknown event or property is the sender's text, and is not repeated.
"""

import logging
from collections.abc import Mapping

from footfall.catalogue import clean_version

from ..runtime import Status

MISSING = "missing, the event is refused"
NOT_ADMITTED = "a value is not admitted"
RETIRED = "is retired and left out"
UNKNOWN_PROPERTIES = "properties that are not in this collector's catalogue are left out"
MISFIT_EVENT = "an event that is not in this collector's catalogue is refused"

_log = logging.getLogger(__name__)


def report_misfits(status: Status, product: str, misfits: Mapping[tuple[str, str], int]) -> None:
    """Count the misfits of one request, and log each kind the first time that a product has it."""
    for (subject, version), n in misfits.items():
        cleaned = clean_version(version) or "not given"
        if status.note_versions("catalogue_misfits", product, subject, cleaned) and not subject.endswith(RETIRED):
            _log.warning(
                "%s, version %s: %s; the data-health page counts them, and docs/evolving.md says what to do",
                product,
                cleaned,
                subject,
            )
        status.increment("catalogue_misfits", product, subject, n)
