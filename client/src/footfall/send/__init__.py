"""From the spool to the server: batches in PostHog's protocol, back-off, and what each answer means.

The `worker` is the one background thread. It calls the `shipper`, which reads a batch, lets the `packer` check each
line again, posts it through `wire`, and notes the result in `send_state` and `sent_log`. `http` holds the connections,
which are imported at the first send.
"""

from .packer import MOST_AGE_SECONDS, Packer
from .send_state import Progress
from .sent_log import Egress
from .shipper import BATCH_EVENTS, Sender, Shipper
from .wire import Delivered, Outcome, Poster, compressed, request_body, rfc3339
from .worker import Worker

__all__ = [
    "BATCH_EVENTS",
    "MOST_AGE_SECONDS",
    "Delivered",
    "Egress",
    "Outcome",
    "Packer",
    "Poster",
    "Progress",
    "Sender",
    "Shipper",
    "Worker",
    "compressed",
    "request_body",
    "rfc3339",
]
