"""The store: how fast it loads, how large it is, how fast every chart answers, and what raw tables take instead.

python bench/store/store.py                          1M, 10M and 100M events, over an hour; writes bench/RESULTS.md
python bench/store/store.py --keep DIR               keeps the stores in DIR, and takes those that are there
python bench/store/store.py --keep DIR --sizes 1m    one size after another; the last of them writes the results

Needs about 30 GB of disk, PostgreSQL (apt-get install postgresql-15) and `make engines`. Every step is a process of its
own. How events are made is said in bench/store/journals.py.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if not __package__:  # run as a file: only its folder is on the path then
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from bench.results import ROOT
from bench.store import report as store_report
from bench.store.journals import EVENTS_PER_INSTANCE_DAY, Base, Copies, report_progress
from footfall_collector.runtime import Settings
from tests.oracle.fleet import Fleet
from tests.oracle.world import DAY

DAYS, INSTANCES = 90, 5000


@dataclass(frozen=True)
class Size:
    """One store: the base it is copied from, how often, and what is compared with it.

    `journalled` are the last days that go through the journal where the engine multiplies those before; 0 for all.
    """

    name: str
    base: str
    copies: Copies
    raw: tuple[str, ...] = ()
    live: bool = False
    journalled: int = 0


BASES = {"small": 600_000, "large": 2_500_000}
"""Events of each generated fleet of `INSTANCES`, about."""
_ALL = ("DuckDB", "PostgreSQL", "chDB")
SIZES = (
    Size("1m", "small", Copies(2, 1), _ALL),
    Size("10m", "large", Copies(2, 3), _ALL),
    Size("10m-30k", "large", Copies(6, 1)),
    Size("100m", "large", Copies(2, 30), live=True, journalled=2),
)


def measure(size: Size, keep: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Fill the store where it is not there yet, then every step."""
    data = keep / size.name
    remembered = data / "loaded.json"
    engine = {"memory": options.memory, "threads": options.threads}
    if not remembered.exists():
        remembered.write_text(json.dumps(_filled(size, data, _base(size.base, keep), engine)))
    found: dict[str, Any] = json.loads(remembered.read_text()) | _step("ask", data=data, **engine)
    with tempfile.TemporaryDirectory(dir=keep) as scratch:
        # The engines' servers run as other users.
        os.chmod(scratch, 0o755)
        found["raw"] = _raw(size, data, Path(scratch), engine)
        if size.live:
            report_progress(f"{size.name}: a collector over it")
            found["live"] = _step("live", data=data, scratch=scratch)
    return found


def _filled(size: Size, data: Path, base: Path, engine: dict[str, Any]) -> Any:
    """Fill a store; what its loading took. What was begun and cut short goes on."""
    report_progress(f"{size.name}: loading")
    copies = [size.copies.families, size.copies.repetitions]
    if not size.journalled:
        return _step("load", data=data, base=base, copies=copies, **engine)
    days = len(Base(base).days)
    if not (data / "store").exists():
        _step("load", data=data, base=base, copies=[1, 1], days=[0, days - size.journalled], **engine)
    _step("multiply", data=data, copies=copies, threads=engine["threads"])
    return _step("load", data=data, base=base, copies=copies, days=[days - size.journalled, days], **engine)


def _raw(size: Size, data: Path, scratch: Path, engine: dict[str, Any]) -> dict[str, Any]:
    """The charts of other engines on raw tables. SystemExit where one says something else than ours."""
    found: dict[str, Any] = {}
    if size.raw:
        source = scratch / "events.parquet"
        _step("export", data=data, to=source)
        os.chmod(source, 0o644)
        ours = _step("rows", data=data, **engine)
    for name in size.raw:
        report_progress(f"{size.name}: raw tables in {name}")
        measured = _step(
            "raw", engine=name, source=source, scratch=scratch, start=Fleet.end - DAYS * DAY, end=Fleet.end
        )
        store_report.check_rows(name, ours, measured.pop("rows"))
        found[name] = measured
    return found


def _base(name: str, keep: Path) -> Path:
    directory = keep / f"base-{name}"
    if not (directory / "whole").exists():
        events = BASES[name]
        report_progress(f"making a fleet of {INSTANCES} instances and about {events:,} events")
        busy = events / INSTANCES / DAYS / EVENTS_PER_INSTANCE_DAY
        lines = Base(directory).make(Fleet(INSTANCES, DAYS, busy=busy))
        (directory / "whole").write_text(str(lines))
    return directory


def _step(name: str, **arguments: Any) -> Any:
    """Run one step in a separate process; returns its result."""
    command = [
        sys.executable,
        os.path.abspath(__file__),
        "--step",
        json.dumps({"name": name, **arguments}, default=str),
    ]
    ran = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if ran.returncode:
        raise SystemExit(f"store: the step `{name}` failed; see above")
    return json.loads(ran.stdout.splitlines()[-1])


def _carry_out(name: str, given: dict[str, Any]) -> Any:
    from bench.store import copies as multiplying
    from bench.store import live as store_live
    from bench.store import steps as store_steps
    from bench.store.raw import engines as raw_engines

    paths = {key: Path(value) for key, value in given.items() if key in ("data", "scratch", "source", "to")}
    engine = {key: given[key] for key in ("memory", "threads") if key in given}
    if name == "load":
        days = tuple(given.get("days", (0, 0)))
        return store_steps.load(paths["data"], Base(Path(given["base"])), Copies(*given["copies"]), **engine, days=days)
    if name == "multiply":
        return multiplying.multiply(paths["data"], Copies(*given["copies"]), given["threads"])
    if name == "ask":
        return store_steps.ask(paths["data"], **engine)
    if name == "rows":
        return store_steps.rows(paths["data"], **engine)
    if name == "export":
        return raw_engines.export(paths["data"], paths["to"])
    if name == "live":
        return store_live.live(paths["data"], paths["scratch"])
    return raw_engines.measure(given["engine"], paths["source"], paths["scratch"], given["start"], given["end"])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="", help=f"some of {', '.join(size.name for size in SIZES)} [all]")
    parser.add_argument(
        "--keep", type=Path, help="directory for the stores; those that are there are asked as they are"
    )
    parser.add_argument(
        "--memory",
        default=Settings.store_memory,
        help=f"the engine's memory limit [{Settings.store_memory}, as the collector]",
    )
    threads = Settings.store_threads
    parser.add_argument(
        "--threads", type=int, default=threads, help=f"the engine's threads [{threads}, as the collector]"
    )
    parser.add_argument("--step", help=argparse.SUPPRESS)
    return parser


def run(keep: Path, options: argparse.Namespace) -> int:
    """Measure the sizes that are asked for; write the results once all are there."""
    keep.mkdir(parents=True, exist_ok=True)
    chosen = [size for size in SIZES if not options.sizes or size.name in options.sizes.split(",")]
    if not chosen:
        raise SystemExit(f"store: --sizes takes some of {', '.join(size.name for size in SIZES)}, joined by commas")
    for size in chosen:
        _measured(keep, size).unlink(missing_ok=True)
        found = measure(size, keep, options)
        _measured(keep, size).write_text(json.dumps(found, indent=1))
        print(json.dumps(found, indent=1))
    if all(_measured(keep, size).exists() for size in SIZES):
        store_report.publish_all({size.name: json.loads(_measured(keep, size).read_text()) for size in SIZES})
    return 0


def _measured(keep: Path, size: Size) -> Path:
    """What was found of one size: sizes can be measured one by one."""
    return keep / size.name / "measured.json"


def main() -> int:
    """See `--help`."""
    options = _parser().parse_args()
    if options.step:
        given = json.loads(options.step)
        print(json.dumps(_carry_out(given.pop("name"), given), default=str))
        return 0
    if options.keep:
        return run(options.keep.resolve(), options)
    scratch = ROOT / ".artefacts"
    scratch.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch) as directory:
        return run(Path(directory), options)


if __name__ == "__main__":
    sys.exit(main())
