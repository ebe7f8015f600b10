"""What a sender may take: the host it may name, how often it may ask, and how much it may hold.

Each request passes the `gate` first. `sizes` bounds a request and all that wait, `rates` counts per `peers`, which are
salted hashes; `key_alarm` refuses nothing.
"""

from .body import ClientGoneError, read_body
from .gate import Gate
from .key_alarm import KeyAlarm
from .peers import LIMITED, Peers
from .sizes import Held, Limits, Waiting

__all__ = ["LIMITED", "ClientGoneError", "Gate", "Held", "KeyAlarm", "Limits", "Peers", "Waiting", "read_body"]
