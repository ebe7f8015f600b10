"""A data directory with everything in it, and the ways in which a disk damages a file."""

import asyncio
import os
import shutil
import sys
import time
from pathlib import Path

from collector.tests.receive.shapes import event
from collector.tests.store.fill_store import CATALOGUES, admitted, journal_dir, loader_of
from footfall_collector.access import AuditLog, Tokens
from footfall_collector.access.changes import AnnotationList
from footfall_collector.access.links import ReadLinks
from footfall_collector.access.sessions import SignInSessions
from footfall_collector.admit import fingerprint, load_pepper
from footfall_collector.alerts.alert_file import AlertFile, AlertsContent, Delivery, Incident
from footfall_collector.answer import SavedSegment, SavedSegments
from footfall_collector.journal import Journal
from footfall_collector.journal.segment_counts import SegmentCounts
from footfall_collector.receive import WriteKeys
from footfall_collector.runtime import Status
from footfall_collector.show.public import PublishedMonth, write_month
from footfall_collector.store.duckdb.store import DuckStore
from tests.oracle.fleet import stamp

KINDS = ("alter", "flip", "zero", "zero-page", "cut")
PLACES = ("start", "middle", "end")
WHOLE_FILE = ("extend", "remove", "empty", "directory", "pipe")
WHOLE_STORE = ("older", "months and roll-ups", "folder")
"""Damage that the store's own files don't show: an older version of a month, every file removed, the folder removed."""
PRODUCTS = ("dot-ai", "other-product")
SETTINGS = "".join(f"[products.{name}]\n" for name in PRODUCTS)
MONTHS, EVENTS, NEWER, LIVE = 3, 40, 10, 5
"""Months; events of each month and product in checkpointed files, in write-ahead logs, and in the live segment."""
HOUR = 15
"""Of `EVENTS`, those that came after the older version of each month was copied."""
OLDER = "older"
"""The folder of older versions, next to the data directory."""
PUBLISHED = PublishedMonth(PRODUCTS[0], "2026-01", 70, 1200, {"ai_provider": {"anthropic": 30}})
SEGMENT = SavedSegment(PRODUCTS[0], "2 tools", ["tool:is:query,recommend"])
AUDITED = ("command line", "tokens add name grafana")
SECRET = "correct horse battery"
_DAY, _PAGE = 86_400, 4096


def damage(path: Path, kind: str, place: str) -> None:
    """Damage one file, as a disk or a careless copy does."""
    if kind in WHOLE_STORE:
        lose(path, kind)
        return
    content = bytearray(path.read_bytes())
    at = {"start": 0, "middle": len(content) // 2, "end": max(0, len(content) - 64)}[place]
    if kind == "cut":
        del content[at:]
    elif kind in KINDS:
        change(content, kind, at)
    elif kind == "extend":
        content += b"\x5a\n" * 1500
    elif kind == "empty":
        content.clear()
    if kind in ("remove", "directory", "pipe"):
        path.unlink()
    if kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind != "remove":
        path.write_bytes(content)


def lose(path: Path, kind: str) -> None:
    """Replace a month by its version of an hour before, or remove the store that it is in."""
    if kind == "older":
        shutil.copyfile(path.parents[2] / OLDER / path.name, path)
    elif kind == "folder":
        shutil.rmtree(path.parent)
    else:
        for file in path.parent.glob("*.duckdb*"):
            file.unlink()


def change(content: bytearray, kind: str, at: int) -> None:
    """Damage that leaves the length; `alter` makes a digit one higher, so that JSON stays readable."""
    if kind == "flip":
        content[at : at + 4] = bytes(byte ^ 0xFF for byte in content[at : at + 4])
    elif kind == "zero":
        content[at : at + 4] = bytes(len(content[at : at + 4]))
    elif kind == "zero-page":
        at = at // _PAGE * _PAGE
        content[at : at + _PAGE] = bytes(len(content[at : at + _PAGE]))
    elif digits := [place for place, byte in enumerate(content) if chr(byte) in "012345678"]:
        content[next((place for place in digits if place >= at), digits[-1])] += 1


def _write_lists(data: Path) -> None:
    """The small files that have lists."""
    WriteKeys(data).add("dot-ai", "phc_dot_ai")
    Tokens(data).add("grafana")
    ReadLinks(data).add("board-meeting", PRODUCTS[0], "overview", "range=30d")
    AnnotationList(data).add("the provider had an outage")
    SavedSegments(data).save(SEGMENT)
    AuditLog(data).note(*AUDITED)
    asyncio.run(SignInSessions(data, SECRET, time.time).start())
    write_month(data / "public" / PRODUCTS[0] / f"{PUBLISHED.month}.json", PUBLISHED)


def note_alert(data: Path, now: int) -> None:
    """One incident that was sent."""
    content, sent = AlertsContent(), Delivery("generic-0", "sent", 1, 0.0, float(now))
    content.incidents.append(
        Incident("disk-1", "disk", "", "disk_low", "The disk is nearly full.", {}, now - 60.0, now, now, now, [sent])
    )
    AlertFile(data).write(content)


def prepare(data: Path, now: int, ending: str) -> None:
    """Fill a data directory; `ending` is `killed`, with events in logs and in the live segment, or `stopped`."""
    data.mkdir(parents=True)
    (data / "footfall.toml").write_text(SETTINGS)
    _write_lists(data)
    note_alert(data, now)
    pepper = load_pepper(data)
    store = DuckStore(data, CATALOGUES, status=Status(), pepper=fingerprint(pepper))
    loader = loader_of(data, store)
    _append(data, now, EVENTS - HOUR)
    loader.run_once()
    loader.checkpoint()
    (data.parent / OLDER).mkdir()
    for path in (data / "store").glob("events-*.duckdb"):
        shutil.copyfile(path, data.parent / OLDER / path.name)
    _append(data, now, HOUR)
    loader.run_once()
    store.forget("0" * 16)
    loader.checkpoint()
    _append(data, now, NEWER)
    loader.run_once()
    if ending == "stopped":
        loader.checkpoint()
        store.close()
    else:
        _append(data, now, LIVE)
        # As if the process had ended before it closed the segment.
        newest = max(journal_dir(data).glob("*.jsonl"))
        shutil.copyfile(newest, newest.with_suffix(".open"))
        newest.unlink()
        counts = SegmentCounts(journal_dir(data))
        counts.remove({int(newest.stem)})
        counts.begin(int(newest.stem))
        counts.write_live(int(newest.stem), len(PRODUCTS) * MONTHS * LIVE)
        counts.close()
        for empty in journal_dir(data).glob("*.open"):
            if not empty.stat().st_size:
                empty.unlink()


def expected(ending: str) -> int:
    """The events of each product."""
    return MONTHS * (EVENTS + NEWER + (LIVE if ending == "killed" else 0))


def _append(data: Path, now: int, number: int) -> None:
    """Write events of each month and product to a segment."""
    journal = Journal(journal_dir(data), Status(), segment_seconds=3600)
    journal.start()

    async def write() -> None:
        for product in PRODUCTS:
            version = {"dot_ai_version": "1.0.0"} if product == "dot-ai" else {"other_product_version": "1.0.0"}
            for month in range(MONTHS):
                # Received then: an event is dated to at most 30 days before.
                received = now - month * 31 * _DAY
                events = [event(timestamp=stamp(received - second), **version) for second in range(number)]
                await journal.append(admitted(events, received, None, product))

    asyncio.run(write())
    journal.close()


if __name__ == "__main__":
    prepare(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
    # No destructor closes the store: the process ends as by SIGKILL.
    sys.stdout.flush()
    os._exit(0)
