"""Delivers events in batches of PostHog's protocol; a batch is deleted only once it is acknowledged.

The `worker` is the one background thread, and `lifetime` says when it begins and ends. It calls the `shipper`, whose
`ship_once` is the list of steps: under the `sending_lock` read a batch, have the `packer` check each line again, post
it with `wire`, and note the result in `sent_log` and `send_state`. `http` holds the connections, which are imported at
the first send.

Every wait is bounded, no answer can raise, and a batch that failed is kept. Imported by `pipeline` and `cli`.
"""

from .instance_facts import InstanceFacts
from .lifetime import Lifetime
from .packer import MAX_EVENT_AGE_SECONDS, Packer
from .send_state import SendState, destination_id
from .sent_log import SentLog
from .shipper import BATCH_EVENTS, Shipper
from .wire import BatchSender, Delivered, Outcome, compressed, request_body, rfc3339
from .worker import Worker

__all__ = [
    "BATCH_EVENTS",
    "MAX_EVENT_AGE_SECONDS",
    "BatchSender",
    "Delivered",
    "InstanceFacts",
    "Lifetime",
    "Outcome",
    "Packer",
    "SendState",
    "SentLog",
    "Shipper",
    "Worker",
    "compressed",
    "destination_id",
    "request_body",
    "rfc3339",
]
