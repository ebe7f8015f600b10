"""Where each microsecond goes: the stages of an event in the collector and in the client, by a sampling profiler.

python bench/stages.py                     about three minutes; writes bench/RESULTS.md
python bench/stages.py --seconds 3 --dry   a quick look, nothing written

py-spy reads the stacks of a running process from outside, two hundred times a second; a sample belongs to the innermost
function that STAGES names.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

if not __package__:  # run as a file: only its folder is on the path then
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from bench.client.senders.place import Place, Sender
from bench.collector.ingest import Bench
from bench.collector.load.subjects import bare, collector
from bench.results import ROOT, Section, publish, table, versions
from scripts.setup import sdk_env
from scripts.setup.find_program import provided

SCRATCH = ROOT / ".artefacts"
"""On the same disk as the repository: a directory for temporary files may be memory."""
RATE, DELIVERED = 200, 200_000
WAITING = "waits"
STAGES = {
    "admit/client_batch.py:write_lines": "write lines",
    "admit/client_texts.py:text": "write lines",
    "admit/client_batch.py:": "take a batch apart, and admit",
    "admit/client_texts.py:": "take a batch apart, and admit",
    "admit/": "admit, other",
    "receive/protocol/encodings.py:": "unpack",
    "receive/pipeline.py:": "other checks, and counts",
    "receive/server/": "HTTP, and answer",
    "receive/": "other checks, and counts",
    "journal/writer.py:begin_append": "hand over to the journal",
    "journal/segments.py:append": "write and `fdatasync`",
    "journal/": "journal, other",
    "store/duckdb/load_batch.py:read_segments": "read the journal's lines (`read_json`)",
    "store/duckdb/load_batch.py:remove_": "find repeats",
    "store/duckdb/load_batch.py:append_to_month": "append to the month",
    "store/duckdb/rollup_tables.py:": "roll up",
    "store/duckdb/month_files.py:transaction": "commit to the store's log",
    "store/duckdb/month_files.py:checkpoint": "checkpoint",
    "store/duckdb/load_batch.py:_rows": "read back, after a checkpoint",
    "store/duckdb/load_batch.py:read_back": "read back, after a checkpoint",
    "store/duckdb/load_batch.py:count_by": "count by product and month",
    "store/duckdb/load_batch.py:record_load": "record the load",
    "store/": "loader, other",
    "record/": "check, stamp, encode",
    "spool/spool.py:append": "append (`pwrite`)",
    "spool/segments.py:append": "append (`pwrite`)",
    "spool/segment.py:append": "append (`pwrite`)",
    "spool/": "read, and acknowledge",
    "send/packer.py:": "check again, and encode",
    "send/wire.py:compressed": "compress",
    "send/wire.py:encode_event": "check again, and encode",
    "send/wire.py:": "post",
    "send/http/": "post",
    "runtime/own_socket.py:": "post",
    "send/sent_log.py:": "log of what was sent",
    "send/": "worker, other",
    "threading.py:wait": WAITING,
    "runtime/wakeup.py:": WAITING,
    "asyncio/runners.py:": "HTTP, and answer",
    "senders/program.py:": "the program that measures",
}
"""The beginning of `folder/file.py:function` below the package, to the stage."""
THREADS = {
    "MainThread": "the main thread",
    "footfall-journal": "the journal's thread",
    "footfall-loader": "the loader's thread",
    "footfall": "the sender's thread",
}
HOW = f"""Collector: batches of 100 at full speed over 64 connections, the loader running. Client: {DELIVERED:,} calls
of record() as fast as they return, and their delivery. *Share*: of the samples in which the process worked, on a
processor or in a system call. *Microseconds*: that share of the CPU time per event of the whole process, its engine's
threads included. Profiling makes both slower."""


class Stage(NamedTuple):
    """One line of the table."""

    process: str
    thread: str
    name: str
    share: float
    microseconds: float


def stage_of(frames: list[str]) -> str:
    """The stage of a stack, whose frames are `function (path:line)` from the outermost on."""
    for frame in reversed(frames):
        function, _, place = frame.partition(" (")
        path, name = place.rpartition(":")[0], function.rpartition(".")[2]
        for package in ("footfall_collector/", "footfall/", "bench/client/", ""):
            below = path.partition(package)[2] if package else path
            found = next((stage for start, stage in STAGES.items() if f"{below}:{name}".startswith(start)), None)
            if below and found:
                return found
    return "other"


def profile_of(stacks: Path) -> dict[str, Counter[str]]:
    """Samples by the name of the thread and stage, from py-spy's raw form: `thread;frame;frame… count`."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for line in stacks.read_text(encoding="utf-8").splitlines():
        stack, _, count = line.rpartition(" ")
        thread, *frames = stack.split(";")
        name = thread.removeprefix("thread (").split(": ")[-1].rstrip(")")
        found[name][stage_of(frames)] += int(count)
    return found


def sampled(pid: int, seconds: float, out: Path) -> "subprocess.Popen[bytes]":
    """py-spy on a process, for so long."""
    program = sdk_env.make("profiler").with_name("py-spy")
    command = [str(program), "record", "--pid", str(pid), "--duration", str(int(seconds)), "--rate", str(RATE)]
    command += ["--format", "raw", "--threads", "--output", str(out)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def stages(process: str, samples: Mapping[str, Counter[str]], cpu_us: float) -> list[Stage]:
    """The lines of a process, from its samples and its microseconds of CPU per event."""
    busy = {thread: Counter(stage) for thread, stage in samples.items() if thread in THREADS}
    for stage in busy.values():
        stage.pop(WAITING, None)
    whole = sum(sum(stage.values()) for stage in busy.values())
    lines = []
    for thread, found in busy.items():
        for name, count in found.most_common():
            share = count / whole
            if share >= 0.01:
                lines.append(Stage(process, THREADS[thread], name, share, share * cpu_us))
    return lines


def collector_stages(seconds: int) -> tuple[list[Stage], float, float]:
    """The collector's stages; microseconds of CPU per event of it and of the bare application."""
    with tempfile.TemporaryDirectory(dir=SCRATCH) as scratch, ExitStack() as stack:
        subjects = {
            "bare": stack.enter_context(bare()),
            "collector": stack.enter_context(collector(Path(scratch) / "data")),
        }
        bench, ours, out = Bench(Path(scratch), subjects, 1, seconds), subjects["collector"], Path(scratch) / "stacks"
        bench.batches_at_full_speed(lambda: sampled(ours.pid, seconds, out))
        cpu = {name: bench.cpu[f"{name} batches"][0] for name in subjects}
        return stages("collector", profile_of(out), cpu["collector"]), cpu["collector"], cpu["bare"]


def client_stages() -> tuple[list[Stage], float]:
    """The client's stages, and its microseconds of CPU per event."""
    with Place() as place, tempfile.TemporaryDirectory(dir=SCRATCH) as scratch:
        where = Path(scratch)
        sender = Sender("footfall", place.url, "profiled", where / "state", "deliver", str(DELIVERED))
        profiler = sampled(sender.process.pid, 600, where / "stacks")
        said = sender.result()
        profiler.wait()
        return stages("client", profile_of(where / "stacks"), said["cpu"]), said["cpu"]


def main() -> int:
    """See `--help`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=15, help="of the collector at full speed [15]")
    parser.add_argument("--dry", action="store_true", help="print the result and write nothing")
    options = parser.parse_args()
    if not provided("wrk"):
        return 1
    SCRATCH.mkdir(exist_ok=True)
    found, ours, least = collector_stages(options.seconds)
    sent, sender = client_stages()
    rows = [(s.process, s.thread, s.name, f"{s.share:.0%}", f"{s.microseconds:.2f}") for s in [*found, *sent]]
    said = f"CPU per event, all threads: collector {ours:.1f} µs, the bare application {least:.1f} µs; "
    said += f"client {sender:.1f} µs."
    section = Section(
        "stages",
        "Where each microsecond goes",
        "python bench/stages.py",
        table(("process", "thread", "stage", "share", "µs per event"), rows),
        (
            HOW,
            said,
        ),
        versions("duckdb", "uvicorn", "msgspec"),
    )
    publish(section, is_dry=options.dry)
    return 0


if __name__ == "__main__":
    sys.exit(main())
