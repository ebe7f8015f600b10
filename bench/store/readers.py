"""Acknowledgements while ten readers reload every page, over a filled store: with and without the readers, in turn.

python bench/store/readers.py --data DIR             a store as bench/store/store.py keeps it, such as DIR/100m
python bench/store/readers.py --data DIR --publish   writes the section into bench/RESULTS.md too

The collector runs on a copy of the store. A process posts gzip batches of 100 events at a steady rate, as many senders
that don't wait for one another do: each request goes out when it is due, over any of 64 connections that is free, and
the time of its acknowledgement counts from that moment, so that a stall counts for every request that it delays. (Over
one connection, one slow answer would make every later request wait in the sender: its own queue would be measured.)
Another process is the readers: each loads one page after the other as a browser does, over six connections.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

if not __package__:  # run as a file: only its folder is on the path then
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from bench.collector.load.steady import Steady
from bench.results import ROOT, Section, publish, table
from bench.store.live import PEPPER, RATE, _bodies, _peak_rss
from footfall_collector.show.pages import AskedPanel
from footfall_collector.show.pages.layout import PAGES, Page
from tests.support.collector_process import CollectorProcess, start_collector

READERS, CONNECTIONS, ROUNDS, SECONDS = 10, 6, 5, 15
P99_MS, SLOWEST_MS = 50, 300
_BATCH, _SENDERS = 100, 64
_RANGES = ("30d", "24h", "90d", "7d", "all")


def send(port: int, rate: int, seconds: int, ready: Any, begin: Any, result: Any) -> None:
    """Post at a steady rate; puts the waits in seconds into `result`."""
    requests = [_request(body) for body in _bodies(rate * seconds // _BATCH)]
    senders = Steady(port, _SENDERS)
    ready.set()
    begin.wait()
    senders.run(requests, rate / _BATCH)
    if senders.failed:
        raise SystemExit(f"readers: {senders.failed} of {len(requests)} requests were not acknowledged")
    result.put([answered - due for due, answered in senders.answered])


def _request(body: bytes) -> bytes:
    head = "POST /batch/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def read(port: int, over: Any, result: Any) -> None:
    """Reload pages until `over` is set; puts (answers by status, pages, the slowest answer in seconds)."""
    result.put(asyncio.run(_Readers(port, over).run()))


class _Readers:
    """Each reader has a range and filters of its own, so that no two of them ask the same."""

    def __init__(self, port: int, over: Any) -> None:
        self._port, self._over = port, over
        self.statuses: Counter[int] = Counter()
        self.pages, self.slowest = 0, 0.0

    async def run(self) -> tuple[dict[int, int], int, float]:
        await asyncio.gather(*(self._reload(number) for number in range(READERS)))
        return dict(self.statuses), self.pages, self.slowest

    async def _reload(self, reader: int) -> None:
        query = f"range={_RANGES[reader % len(_RANGES)]}&internal={'hide' if reader < len(_RANGES) else 'all'}"
        while not self._over.is_set():
            for paths in page_requests(query):
                queue = list(reversed(paths))
                await asyncio.gather(*(self._connection(queue) for _ in range(CONNECTIONS)))
                if self._over.is_set():
                    return
                self.pages += 1

    async def _connection(self, queue: list[str]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        while queue and not self._over.is_set():
            began = time.monotonic()
            writer.write(f"GET {queue.pop()} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            self.statuses[int(head.split()[1])] += 1
            self.slowest = max(self.slowest, time.monotonic() - began)
        writer.close()


def page_requests(query: str) -> Iterator[list[str]]:
    """The requests of each page, in the order in which its scripts make them."""
    for page in PAGES:
        paths = [page.path, f"/api/options?{query}", f"/api/pages/{page.name}?{query}", "/api/pulse"]
        paths += [f"{path}&{query}" for path in _panel_requests(page, "hour" if "24h" in query else "day")]
        paths += [f"/api/releases?{query}"] if page.releases else []
        paths += [f"/api/week?{query}"] if page.week else []
        yield [*paths, "/api/health"] if page.health_panels else paths


def _panel_requests(page: Page, step: str) -> Iterator[str]:
    if page.main:
        yield f"/api/ask?measure=events&event=tool_executed&step={step}"
    for panel in page.panels:
        if isinstance(panel, AskedPanel):
            yield "/api/ask?" + urlencode({**panel.query, **({"step": step} if panel.stepped else {})})
        else:
            yield f"/api/charts/{panel.chart}?"


def one_round(collector: CollectorProcess, rate: int, seconds: int, with_readers: bool) -> dict[str, Any]:
    spawn = multiprocessing.get_context("spawn")
    ready, begin, over = spawn.Event(), spawn.Event(), spawn.Event()
    sent, found = spawn.SimpleQueue(), spawn.SimpleQueue()
    sender = spawn.Process(target=send, args=(collector.port, rate, seconds, ready, begin, sent))
    sender.start()
    ready.wait(300)
    reader = spawn.Process(target=read, args=(collector.port, over, found)) if with_readers else None
    if reader:
        reader.start()
        time.sleep(2)  # all readers are at work before the first event is due
    begin.set()
    waits = sorted(sent.get())
    over.set()
    statuses, pages, slowest = found.get() if reader else ({}, 0, 0.0)
    for process in (sender, reader):
        if process:
            process.join()
    return {
        "p50_ms": round(waits[len(waits) // 2] * 1e3, 1),
        "p99_ms": round(waits[int(len(waits) * 0.99)] * 1e3, 1),
        "slowest_ms": round(waits[-1] * 1e3),
        "statuses": statuses,
        "pages": pages,
        "slowest_answer_s": round(slowest, 1),
    }


def measure(data: Path, scratch_in: Path, rounds: int, rate: int, seconds: int) -> dict[str, Any]:
    """All rounds over a copy of the store in `data`: without readers, then with them."""
    with tempfile.TemporaryDirectory(dir=scratch_in) as scratch:
        copy = Path(scratch) / "data"
        shutil.copytree(data / "store", copy / "store")
        os.sync()  # else gigabytes of the copy are written while the first round waits for its own
        measured: dict[str, Any] = {"alone": [], "read": []}
        with start_collector(copy, {"FOOTFALL_PEPPER": PEPPER}) as collector:
            for _ in range(rounds):
                for name in ("alone", "read"):
                    measured[name].append(one_round(collector, rate, seconds, name == "read"))
                    print(name, json.dumps(measured[name][-1]), flush=True)
            measured["rss_mib"] = _peak_rss(collector.pid)
        measured["events"] = json.loads((data / "loaded.json").read_text())["events"]
        return measured


def section(measured: dict[str, Any], rate: int, seconds: int) -> Section:
    rows = []
    for name, key in (("median", "p50_ms"), ("99th percentile", "p99_ms"), ("slowest", "slowest_ms")):
        cells = []
        for group in ("alone", "read"):
            values = sorted(one[key] for one in measured[group])
            cells.append(f"{values[len(values) // 2]:g} ms ({values[0]:g} to {values[-1]:g})")
        rows.append([f"acknowledgement, {name}", *cells])
    read = measured["read"]
    answers = sum(sum(one["statuses"].values()) for one in read)
    refused = sum(one["statuses"].get(503, 0) for one in read)
    p99, slowest = max(one["p99_ms"] for one in read), max(one["slowest_ms"] for one in read)
    about = (
        f"A store of {measured['events']:,} events; {rate:,} events a second in batches of {_BATCH} come in, over "
        f"{_SENDERS} connections: each batch goes out when it is due. {READERS} readers, each with a range or filter "
        f"of its own and {CONNECTIONS} connections, reload all {len(PAGES)} pages, one after the other. {len(read)} "
        f"rounds of {seconds} s of each, in turn: medians; the lowest and the highest round in brackets. Time counts "
        "from the moment a request was due. Sender, readers and collector share the machine."
    )
    reading = (
        f"The readers got {answers:,} answers and loaded {sum(one['pages'] for one in read):,} pages; {refused:,} were "
        f"refused with 503; the slowest answer took {max(one['slowest_answer_s'] for one in read):g} s. The collector "
        f"had {measured['rss_mib']} MiB at most."
    )
    bars = (
        f"Bars, in the worst round. 99th percentile at most {P99_MS} ms: {_kept(p99 <= P99_MS)} ({p99:g} ms). Slowest "
        f"at most {SLOWEST_MS} ms: {_kept(slowest <= SLOWEST_MS)} ({slowest:g} ms)."
    )
    head = ["", "without readers", f"{READERS} readers"]
    command = "python bench/store/readers.py --data DIR --publish"
    return Section(
        "readers", "Acknowledgements while pages are read", command, table(head, rows), [about, reading, bars]
    )


def _kept(kept: bool) -> str:
    return "kept" if kept else "missed"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a filled store with its loaded.json")
    parser.add_argument("--scratch", type=Path, help="where the collector's copy is made [next to DIR]")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--rate", type=int, default=RATE, help="events a second")
    parser.add_argument("--seconds", type=int, default=SECONDS, help="of a round")
    parser.add_argument("--publish", action="store_true", help=f"write into {ROOT / 'bench/RESULTS.md'}")
    options = parser.parse_args()
    data = options.data.resolve()
    measured = measure(data, options.scratch or data.parent, options.rounds, options.rate, options.seconds)
    result = section(measured, options.rate, options.seconds)
    publish(result, is_dry=not options.publish)


if __name__ == "__main__":
    main()
