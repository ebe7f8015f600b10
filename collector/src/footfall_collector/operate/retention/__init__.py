"""What may be deleted because it is old, and when: nothing irreversible on the word of a clock.

`trusted_time` says whether the clock can be believed, from the time that an earlier process left in DATA.
`retention_pass` removes old months into the trash and empties it, unless the clock or the number of months is doubtful;
then it waits for an operator. Only `operate` and `app` import this package.
"""

from .retention_pass import Retention, RetentionResult, describe_pass, waiting_sentence
from .trusted_time import CLOCK_FILE, TOLERANCE_SECONDS, TrustedTime, clock_text

__all__ = [
    "CLOCK_FILE",
    "TOLERANCE_SECONDS",
    "Retention",
    "RetentionResult",
    "TrustedTime",
    "clock_text",
    "describe_pass",
    "waiting_sentence",
]
