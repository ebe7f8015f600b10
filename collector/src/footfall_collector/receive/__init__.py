"""HTTP in: PostHog's capture protocol, any SDK's requests, and the limits on what they may take."""

from .capture import Capture, Done, Way
from .commit_lag import Lag
from .limits.key_alarm import KeyAlarm
from .limits.peers import Peers
from .refusals import RefusedError
from .routes import Ingestion
from .server.connections import Connections
from .server.fast_path import ShortWay
from .write_keys import Key, Keys, KeysError

__all__ = [
    "Capture",
    "Connections",
    "Done",
    "Ingestion",
    "Key",
    "KeyAlarm",
    "Keys",
    "KeysError",
    "Lag",
    "Peers",
    "RefusedError",
    "ShortWay",
    "Way",
]
