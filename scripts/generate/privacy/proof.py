"""What the page about the privacy proof says, from the tables that the proof itself uses."""

from tests.privacy.cuts import Guard
from tests.privacy.guards_outside import GUARDS
from tests.privacy.places import PLACES

_SEEN = {
    "answers": "answers of the collector",
    "collector log": "the collector's log",
    "database": "the database",
    "journal": "the journal",
    "log": "the log",
    "spool": "the spool",
    "state": "the state directory",
    "wire": "the wire",
}
_SEARCHED = (
    "every byte on the wire (request lines, headers, bodies as they are and decompressed, answers)",
    "the questions to the Kubernetes API",
    "the spool",
    "the whole state directory with the log of what was sent",
    "telemetry's log and the server's stderr",
    "what every `footfall` command prints",
    "the journal",
    "the files and every row of the database",
    "every answer of the collector, refusals, metrics and pages included",
    "the collector's log",
)


def proof() -> dict[str, object]:
    """The variables of the page."""
    planted = sum(len(place.kinds) + place.more // 2 for place in PLACES)
    return {
        "places": PLACES,
        "guards": GUARDS,
        "searched": _SEARCHED,
        "planted": round(planted, -1),
        "seen": _seen,
    }


def _seen(guard: Guard) -> str:
    area = guard.seen.split(":")[0].split("/")[0]
    return _SEEN[area]
