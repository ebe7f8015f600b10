"""HTTP in: PostHog's capture protocol, the requests of any SDK, and the limits on senders.

A request arrives in `server` (a connection, then the fast path) or `routes` (uvicorn's path). Both pass it to
`pipeline`, which names every stage: `limits` (gate and sizes), `protocol` (decoding), `write_keys` and `first_key`,
then admission, the journal and the answer. `refusals` and `asgi` are the answers, `commit_lag` is a gauge. A 200 is
sent only after the events are on disk, and no answer to a sender repeats anything of its request. `server` is not
exported, for it loads uvicorn. `app` puts the parts together; `access` uses the keys.
"""

from .commit_lag import CommitLag
from .first_key import FirstKeyWindow
from .limits import (
    UNLIMITED,
    DiskQuota,
    Gate,
    KeyAlarm,
    Limits,
    OriginCheck,
    Peers,
    SenderBudget,
    WorkBudget,
    disk_space,
    folder_bytes,
)
from .pipeline import IngestionPipeline
from .refusals import RefusedError
from .routes import IngestionRoutes
from .write_keys import WriteKey, WriteKeyError, WriteKeys

__all__ = [
    "UNLIMITED",
    "CommitLag",
    "DiskQuota",
    "FirstKeyWindow",
    "Gate",
    "IngestionPipeline",
    "IngestionRoutes",
    "KeyAlarm",
    "Limits",
    "OriginCheck",
    "Peers",
    "RefusedError",
    "SenderBudget",
    "WorkBudget",
    "WriteKey",
    "WriteKeyError",
    "WriteKeys",
    "disk_space",
    "folder_bytes",
]
