"""HTTP in: PostHog's capture protocol, any SDK's requests, and the limits on what they may take."""

from .capture import Capture
from .connections import Connections
from .doorway import Doorway
from .key_alarm import KeyAlarm
from .keys import Keys, KeysError
from .lag import Lag
from .limits import Limits
from .peers import Peers
from .routes import Ingestion
from .short_way import ShortWay

__all__ = [
    "Capture",
    "Connections",
    "Doorway",
    "Ingestion",
    "KeyAlarm",
    "Keys",
    "KeysError",
    "Lag",
    "Limits",
    "Peers",
    "ShortWay",
]
