"""PostHog's capture protocol: from the bytes of any SDK's request to the events in it. No network, no state.

`encodings` decodes within a bound, `lz_string` is one of them, `envelope` finds the events and the key. `v0` and `v1`
are the two versions of the protocol; `sdk_answers` are the documents that SDKs ask for besides.
"""

from .v0 import Request, key_of_batch, read_events, read_text

__all__ = ["Request", "key_of_batch", "read_events", "read_text"]
