"""Large bodies: decoded in a process of their own and admitted in slices, so that no request holds up the event loop.

`ingestion` passes a body through the pipeline's stages. Its `decoder` sends the body to the `worker` through
`worker_process`, in `frames`, and hands out the events in slices; one body at a time, the peers in turn (`peer_lock`).
The worker runs the same decoding as the pipeline does for small bodies, under a limit on its memory and on its
processor time. It starts with the first large body, and ends when none has come for a while. Used by the pipeline.
"""

from .decoder import LargeBodyDecoder
from .ingestion import BEYOND_DIRECT, EventSlice, LargeIngestion, LargeKey, LargeRequest, Stages, direct_limits

__all__ = [
    "BEYOND_DIRECT",
    "EventSlice",
    "LargeBodyDecoder",
    "LargeIngestion",
    "LargeKey",
    "LargeRequest",
    "Stages",
    "direct_limits",
]
