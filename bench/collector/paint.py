"""Page load time of the dashboard: first paint, and the moment when a page is whole, over a large store.

A page is whole once its sentence, its tiles, every panel that is open, its tables and the values of its filters are
drawn, also those below the window: the page's attribute `data-ready` counts that (`collector/frontend/src/main.ts`).

python bench/collector/paint.py --data DIR   DIR is a data directory such as bench/store/store.py leaves with --keep
python bench/collector/paint.py              a small generated store, made in half a minute; nothing written

A real collector process and Chromium on the same machine. Every visit is by a browser without anything in its cache.
The collector keeps its answers while nothing is loaded: the first visit of a page and range is measured by itself.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

if not __package__:  # run as a file: only its folder is on the path then
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from playwright.sync_api import Browser

from bench.results import Section, publish, table, versions
from tests.dashboard.browser import launched
from tests.dashboard.feeding import feed
from tests.dashboard.reading import ALL_PAGES, fetch
from tests.oracle.fleet import Fleet
from tests.support.collector_process import CollectorProcess, start_collector

RANGES = ("30d", "90d", "all")
ROUNDS = 5
PAINT_SECONDS, WHOLE_SECONDS = 0.5, 0.8
"""The bars: for the first paint of every visit, and for the median of the moments at which a page is whole."""
WHOLE_MS = 60_000
_WATCH = """
new MutationObserver(() => { window.wholeAt ??= performance.now(); })
  .observe(document.documentElement, { attributes: true, attributeFilter: ["data-ready"] });
"""
HOW = """*First paint*: the browser's first contentful paint after the click. *Whole*: until the page's sentence, tiles,
open panels, tables and the values of its filters are drawn, those below the window too. Medians of {rounds} visits by a
browser with an empty cache, the slowest in brackets. *First visit*: whole, the first time after the collector's start
that the page is asked for in that range; later visits get answers that the collector kept, as nothing was loaded since.
Collector and browser share the machine."""
Visits = dict[tuple[str, str], "list[Visit]"]


@dataclass(frozen=True)
class Visit:
    """One visit, in milliseconds since the navigation began."""

    paint: float
    whole: float


def visit(browser: Browser, address: str) -> Visit:
    """One visit with an empty cache."""
    with browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce") as context:
        page = context.new_page()
        page.add_init_script(f"document.addEventListener('readystatechange', () => {{ {_WATCH} }}, {{ once: true }});")
        page.goto(address)
        page.wait_for_function("() => window.wholeAt !== undefined", timeout=WHOLE_MS)
        paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        return Visit(float(paint), float(page.evaluate("window.wholeAt")))


@contextmanager
def collector(data: Path | None) -> Iterator[CollectorProcess]:
    """A collector on the given directory, or on a small generated one."""
    if data is not None:
        with start_collector(data) as running:
            yield running
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        start_collector(folder, segment_seconds=0.1, max_event_age_days=61) as running,
    ):
        feed(running.url, Fleet(instances=200, days=60, end=int(time.time())))
        yield running


def measure(running: CollectorProcess, rounds: int) -> tuple[Visits, Visits]:
    """The first visit, and all later ones, by page and range; the ranges take turns."""
    visits: Visits = {}
    with launched() as browser:
        for _ in range(rounds + 1):
            for span in RANGES:
                for name, path in ALL_PAGES.items():
                    visits.setdefault((name, span), []).append(visit(browser, f"{running.url}{path}?range={span}"))
    return {key: each[:1] for key, each in visits.items()}, {key: each[1:] for key, each in visits.items()}


def events_in(running: CollectorProcess) -> int:
    """How many events the store has."""
    answer = fetch(running.url, "/api/charts/events?range=all&internal=all")
    return sum(row[2] for row in answer["rows"])


def _cell(milliseconds: list[float]) -> str:
    return f"{statistics.median(milliseconds):.0f} ms ({max(milliseconds):.0f})"


def _verdict(slowest: float, bar: float) -> str:
    return f"{'kept' if slowest <= bar else 'missed'} (slowest {slowest:.2f} s)"


def report(events: int, first: Visits, later: Visits, command: str) -> Section:
    """The results' section."""
    rows = [
        [
            name,
            *(
                _cell([v.paint for v in later[name, span]]) + " / " + _cell([v.whole for v in later[name, span]])
                for span in RANGES
            ),
            " / ".join(f"{first[name, span][0].whole:.0f}" for span in RANGES) + " ms",
        ]
        for name in ALL_PAGES
    ]
    rounds = max(len(visits) for visits in later.values())
    slowest = max(v.paint for visits in [*later.values(), *first.values()] for v in visits) / 1e3
    whole = max(statistics.median([v.whole for v in visits]) for visits in later.values()) / 1e3
    bars = [
        f"first paint of any visit within {PAINT_SECONDS:g} s: {_verdict(slowest, PAINT_SECONDS)}",
        f"every page whole within {WHOLE_SECONDS:g} s (median of later visits): {_verdict(whole, WHOLE_SECONDS)}",
    ]
    head = ["first paint / whole", *(f"range {span}" for span in RANGES), f"first visit ({', '.join(RANGES)})"]
    return Section(
        "dashboard-paint",
        f"Page load time of the dashboard, over {events:,} events",
        command,
        table(head, rows),
        (HOW.format(rounds=rounds), f"Bars: {'; '.join(bars)}."),
        versions("duckdb", "playwright"),
    )


def main() -> int:
    """See `--help`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="data directory with a large store; no collector may run on it")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"visits of each page and range [{ROUNDS}]")
    options = parser.parse_args()
    if options.data and not (options.data / "store").is_dir():
        parser.error(f"{options.data} is no collector's data directory: it has no `store`")
    with collector(options.data) as running:
        section = report(
            events_in(running), *measure(running, options.rounds), "python bench/collector/paint.py --data DIR"
        )
    publish(section, is_dry=not options.data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
