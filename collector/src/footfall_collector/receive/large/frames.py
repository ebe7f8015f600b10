"""The messages between the collector and its worker: a length, then MessagePack.

The collector sends a Job and the body. The worker answers with Opened, which has the key, or Refused. After Opened the
collector sends whether to go on, and the worker Counted or Refused. Then again whether to go on; the worker sends the
events in slices, and an empty slice. The collector sends the reasons, one per event, and the worker the Answered.
"""

import struct
from collections.abc import Callable
from typing import Any

import msgspec

LENGTH = struct.Struct(">I")


class Job(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A request without its body."""

    method: str
    path: str
    query: bytes
    headers: list[tuple[bytes, bytes]]


class Opened(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A decoded request. `cpu_seconds` is the worker's processor time for it so far."""

    token: str
    cpu_seconds: float


class Counted(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The batch of a request: the number of its events, and the sender's time."""

    size: int
    sent_at: float | None
    cpu_seconds: float


class Refused(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The fields of a RefusedError, and the processor time."""

    status: int
    reason: str
    sentence: str
    retry_after: int | None
    cpu_seconds: float


class Answered(msgspec.Struct, frozen=True, gc=False):
    """The answer to a batch that is stored."""

    status: int
    body: bytes
    content_type: bytes
    cpu_seconds: float


pack = msgspec.msgpack.encode
unpack_job = msgspec.msgpack.Decoder(Job).decode
unpack_outcome = msgspec.msgpack.Decoder(Opened | Counted | Refused).decode
unpack_slice = msgspec.msgpack.Decoder(list[bytes]).decode
unpack_reasons = msgspec.msgpack.Decoder(list[str | None] | None).decode
unpack_answered = msgspec.msgpack.Decoder(Answered).decode


def send(write: Callable[[bytes], Any], payload: bytes) -> None:
    write(LENGTH.pack(len(payload)))
    write(payload)


def receive(read: Callable[[int], bytes]) -> bytes:
    """The next payload. Raises EOFError where the other side has ended."""
    return _read_exactly(read, LENGTH.unpack(_read_exactly(read, LENGTH.size))[0])


def _read_exactly(read: Callable[[int], bytes], size: int) -> bytes:
    data = read(size)
    if len(data) != size:
        raise EOFError
    return data
