"""HTTP in: PostHog's capture protocol, any SDK's requests."""

from .hosts import HostAllowList
from .keys import Keys, KeysError
from .limits import Limits
from .routes import Ingestion

__all__ = ["HostAllowList", "Ingestion", "Keys", "KeysError", "Limits"]
