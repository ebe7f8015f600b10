"""The worker process: decodes large bodies, one after the other, from its standard input to its standard output.

python -m footfall_collector.receive.large.worker LIMITS, where LIMITS are the fields of `Limits` as JSON.

The kernel ends it where one body takes too much processor time, and refuses it more memory than decoding needs. It has
no files, no network and no state, and ends with the collector.
"""

import os
import resource
import signal
import sys
import time
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from ..limits import Limits
from ..protocol import DecodedRequest, v0, v1
from ..refusals import RefusedError, too_large
from .frames import (
    Answered,
    Counted,
    Job,
    Opened,
    Refused,
    pack,
    receive,
    send,
    unpack_job,
    unpack_reasons,
)

_MEMORY_PER_DECODED_BYTE = 4
"""The body, its text, a copy of one of them while it is made, and the list of events."""
_SLICE_EVENTS = 50
_SLICE_BYTES = 64 << 10
_NICENESS = 5


class _Worker:
    def __init__(self, limits: Limits, source: BinaryIO, target: BinaryIO, job_seconds: float) -> None:
        self._limits, self._source, self._target = limits, source, target
        self._job_seconds = job_seconds
        self._began = 0.0

    def run(self) -> None:
        """Until the collector ends."""
        try:
            while True:
                job = unpack_job(receive(self._source.read))
                body = receive(self._source.read)
                # The kernel's default for this signal ends the process.
                signal.setitimer(signal.ITIMER_PROF, self._job_seconds)
                self._began = time.process_time()
                self._answer(job, body)
                signal.setitimer(signal.ITIMER_PROF, 0)
                del body
        except (EOFError, BrokenPipeError, MemoryError):
            return

    def _answer(self, job: Job, body: bytes) -> None:
        """The conversation about one body, as `frames` describes it."""
        try:
            request = self._decode(job, body)
            del body
            self._send(pack(Opened(request.read_key(self._limits), self._cpu_seconds())))
            if not self._may_go_on():
                return
            batch = request.read_batch(self._limits)
        except MemoryError:
            self._refuse(too_large("The body takes too much memory to decode; send fewer events.", "too_much_work"))
            return
        except RefusedError as refused:
            self._refuse(refused)
            return
        self._send(pack(Counted(len(batch.events), batch.sent_at, self._cpu_seconds())))
        if not self._may_go_on():
            return
        for events in _slices(batch.events):
            self._send(pack([bytes(event) for event in events]))
        self._send(pack([]))
        reasons = unpack_reasons(receive(self._source.read))
        if reasons is not None:
            answer = request.answer(reasons)
            self._send(pack(Answered(answer.status, answer.body, answer.content_type, self._cpu_seconds())))

    def _decode(self, job: Job, body: bytes) -> DecodedRequest:
        decode = v1.decode if job.path.rstrip("/") == v1.PATH else v0.decode
        scope = {"method": job.method, "path": job.path, "query_string": job.query, "headers": job.headers}
        return decode(scope, body, self._limits)

    def _may_go_on(self) -> bool:
        return receive(self._source.read) == pack(True)

    def _refuse(self, refused: RefusedError) -> None:
        cpu = self._cpu_seconds()
        self._send(pack(Refused(refused.status, refused.reason, refused.sentence, refused.retry_after, cpu)))

    def _cpu_seconds(self) -> float:
        return time.process_time() - self._began

    def _send(self, payload: bytes) -> None:
        send(self._target.write, payload)
        self._target.flush()


def _slices(events: list[msgspec.Raw]) -> Iterator[list[msgspec.Raw]]:
    part: list[msgspec.Raw] = []
    size = 0
    for event in events:
        part.append(event)
        size += len(event)
        if len(part) == _SLICE_EVENTS or size >= _SLICE_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


def _limit_memory(limits: Limits) -> None:
    with open("/proc/self/statm", encoding="ascii") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    most = used + _MEMORY_PER_DECODED_BYTE * max(limits.decoded_bytes, limits.body_bytes)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def main() -> None:
    limits = msgspec.json.decode(sys.argv[1], type=Limits)
    # A terminal's Ctrl-C is for the collector, which ends this process when it is done with it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.nice(_NICENESS)
    if sys.platform == "linux":
        _limit_memory(limits)
    _Worker(limits, sys.stdin.buffer, sys.stdout.buffer, float(sys.argv[2])).run()


if __name__ == "__main__":
    main()
