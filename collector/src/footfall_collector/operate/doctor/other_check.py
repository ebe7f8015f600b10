"""Values that are only known as `other`, each with the line that names them from then on."""

import time

from ...answer import Answers
from ...show.health import OtherValue, other_values
from .check import Check, action, note, ok

_DAYS = 7
_MAX_SHOWN = 20


def other_checks(answers: Answers) -> list[Check]:
    """Of the last seven days: stored values stay other, so that older ones say nothing of now. Raises StoreError."""
    found = other_values(answers, int(time.time()) - _DAYS * 86_400).properties
    if not found:
        return [ok("other", f"no value of the last {_DAYS} days is only known as other")]
    checks = [_check(each) for each in sorted(found, key=lambda each: -each.values)[:_MAX_SHOWN]]
    if len(found) > _MAX_SHOWN:
        checks.append(note("other", f"{len(found) - _MAX_SHOWN} more properties", "see the data-health page"))
    return checks


def _check(other: OtherValue) -> Check:
    subject = f"{other.product}: {other.event or 'every event'}.{other.property}"
    text = f"{subject} has {other.values:,} values of the last {_DAYS} days that are only known as other"
    if other.has_line():
        return action("other", text, f"to name them, add {other.add}")
    return note("other", text, other.add)
