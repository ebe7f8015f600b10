"""HTTP in: PostHog's capture protocol, any SDK's requests, and the limits on what they may take."""

from .capture import Capture, Done, Way
from .commit_lag import CommitLag
from .limits.key_alarm import KeyAlarm
from .limits.peers import Peers
from .refusals import RefusedError
from .routes import Ingestion
from .write_keys import WriteKey, WriteKeyError, WriteKeys

__all__ = [
    "Capture",
    "CommitLag",
    "Done",
    "Ingestion",
    "KeyAlarm",
    "Peers",
    "RefusedError",
    "Way",
    "WriteKey",
    "WriteKeyError",
    "WriteKeys",
]
