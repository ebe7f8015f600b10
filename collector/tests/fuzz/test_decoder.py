"""No request makes the collector fail, leak, or grow: 100,000 requests, with SOAK=1 a million."""

import os
import time
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from collector.tests.fuzz.inputs import KEY, giants, inputs
from collector.tests.fuzz.target import running
from footfall.catalogue import catalogue_for
from footfall_collector.admit import Admission
from footfall_collector.receive.protocol.encodings import gunzip
from footfall_collector.receive.protocol.v0 import client_key
from footfall_collector.receive.refusals import RefusedError

PARTS, COUNT = (4, 250_000) if os.environ.get("SOAK") else (2, 50_000)
"""The parts that run in parallel, and the requests of each."""
AT_ONCE = 100
GIANT_EVERY = 8
WARM = 120
"""The examples that fill the caches; growth is measured from the resident memory after them."""
GROWTH_BYTES = 64 << 20


def test_every_way_through_the_collector_is_among_the_inputs() -> None:
    admission = Admission({"dot-ai": catalogue_for("dot-ai")}, b"0123456789abcdef")
    whole = changed = 0
    for request in inputs(1, 4000):
        if request.headers.get(b"content-encoding") == b"gzip" and not request.query:
            try:
                text = gunzip(b"".join(request.parts), 1 << 20)
            except RefusedError:
                continue
            if client_key(text) == KEY:
                sent = admission.read_client_batch("dot-ai", text)
                taken = None if sent is None else admission.admit_client_batch("dot-ai", sent, time.time())
                whole, changed = whole + (taken is not None), changed + (taken is None)
    assert whole > 20, "batches as Footfall's client writes them"
    assert changed > 20, "and such as are nearly that"


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.timeout(300 + COUNT // 20)
def test_no_bytes_make_the_collector_fail_say_or_keep_what_it_must_not_or_grow(tmp_path: Path, part: int) -> None:
    began = time.monotonic()
    process = psutil.Process()
    resident: list[int] = []
    large = giants()

    with running(tmp_path / "data") as target:

        @settings(
            max_examples=COUNT // AT_ONCE,
            deadline=None,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )
        @given(seed=st.integers(0, 2**64 - 1))
        def ask(seed: int) -> None:
            target.ask(list(inputs(seed, AT_ONCE)))
            if len(resident) % GIANT_EVERY == 0:
                target.ask([large[len(resident) // GIANT_EVERY % len(large)]])
            resident.append(process.memory_info().rss)

        ask()
        first, last, most = resident[WARM], resident[-1], max(resident)
        statuses = dict(sorted(target.statuses.items()))
    print(f"part {part}: {target.asked} requests in {time.monotonic() - began:.0f} s, {target.lines} events admitted")
    print(f"answers {statuses}; resident {first >> 20} MiB, then {last >> 20}, at most {most >> 20}")
    assert target.asked >= COUNT
    # If all inputs were refused, this test would prove little.
    assert statuses[200] > COUNT // 4
    assert statuses[400] > COUNT // 20
    assert {401, 405, 413} <= statuses.keys()
    assert target.lines > COUNT // 10
    assert last - first < GROWTH_BYTES
    assert most - first < 4 * GROWTH_BYTES, "bombs are bounded by max_decoded_bytes"
