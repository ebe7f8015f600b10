"""PostHog's capture protocol: from the bytes of any SDK's request to its events. No network, no state.

`v0` and `v1` are the two versions of the protocol; each has a `decode` that returns a `decoded_request`. They use
`encodings`, which decodes within a bound (`lz_string` is one encoding), and `envelope`, which finds events and key.
`sdk_answers` are the documents that SDKs request besides. Every refusal is a RefusedError whose sentence repeats
nothing of the request. Used inside `receive` only.
"""

from .decoded_request import DecodedRequest, DecodeRequest, EventBatch
from .v0 import client_key

__all__ = ["DecodeRequest", "DecodedRequest", "EventBatch", "client_key"]
