"""Limits on senders: the Host names, requests and events per minute, sizes, memory.

The `gate` is first: `hosts` is its allow-list, `peers` names a sender by a salted hash, `rates` counts per name. Then
`work_budget` refuses a sender whose requests cost too much, `sizes` bounds a body and the memory of all, and `body`
reads it within these bounds. `disk_quota` refuses all events before the disk is full. `key_alarm` and `sender_budget`
refuse nothing: one raises an alarm, the other says whose days count.
Every refusal is a RefusedError. Used inside `receive` and by the composition root.
"""

from .body import ClientGoneError, read_body
from .disk_quota import DiskQuota, disk_space, folder_bytes
from .gate import Gate, peer_of
from .hosts import OriginCheck
from .key_alarm import KeyAlarm
from .peers import LIMITED, UNLIMITED, Peers
from .rates import RateLimiter
from .sender_budget import SenderBudget
from .sizes import BodyMemory, Limits, Reservation
from .work_budget import WorkBudget, limited_peer

__all__ = [
    "LIMITED",
    "UNLIMITED",
    "BodyMemory",
    "ClientGoneError",
    "DiskQuota",
    "Gate",
    "KeyAlarm",
    "Limits",
    "OriginCheck",
    "Peers",
    "RateLimiter",
    "Reservation",
    "SenderBudget",
    "WorkBudget",
    "disk_space",
    "folder_bytes",
    "limited_peer",
    "peer_of",
    "read_body",
]
