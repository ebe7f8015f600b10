"""PostHog's capture protocol: from the bytes of any SDK's request to its events. No network, no state.

`v0` and `v1` are the two versions of the protocol; each has a `decode` that returns a `decoded_request`. They use
`encodings`, which decodes within the bounds of `decoding_work` (`lz_string` is one encoding), `forms` for forms and
queries, and `envelope`, which finds the key and then the events, after `structure` has bounded what a parser may meet.
The checks come in that order: size, key where it is outside the body, encoding, structure, key, number of events.
`sdk_answers` are the documents that SDKs request besides. Every refusal is a RefusedError whose sentence repeats
nothing of the request. Used inside `receive` only.
"""

from .decoded_request import DecodedRequest, DecodeRequest, EventBatch, KeyedBatch
from .key_outside_body import key_in_first_bytes, key_outside_body
from .v0 import client_key

__all__ = [
    "DecodeRequest",
    "DecodedRequest",
    "EventBatch",
    "KeyedBatch",
    "client_key",
    "key_in_first_bytes",
    "key_outside_body",
]
