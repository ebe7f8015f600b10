"""Questions over a filled store: pages of them, in segments and as a comparison, and the same from raw events.

python bench/store/questions.py --data DIR             a store as bench/store/store.py keeps it, such as DIR/100m
python bench/store/questions.py --data DIR --publish   writes the section into bench/RESULTS.md too

Every page is asked from the fact tables and once from raw events, and both must give equal rows. *First* is a page
after something was loaded: no rows of its segment are kept. *Again* is the median of the following rounds; answers as a
whole are never kept. Nothing is written to the store.
"""

import argparse
import json
import os
import resource
import statistics
import sys
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

if not __package__:  # run as a file: only its folder is on the path then
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from bench.results import Section, publish, table, versions
from bench.store.journals import CATALOGUES
from footfall_collector.answer import Answers, Filters, ask, parse_question
from footfall_collector.runtime import Settings
from footfall_collector.store import EventSelection
from footfall_collector.store.duckdb.store import DuckStore
from tests.oracle.fleet import Fleet

COMMAND = "python bench/store/questions.py --data DIR --publish"
ROUNDS, RAW_ROUNDS = 5, 1
CALLS, UNFILTERED = "tool_executed", "unfiltered"
_PAGE: tuple[dict[str, str], ...] = (
    {"measure": "events", "by": "tool"},
    {"measure": "instances", "by": "tool"},
    {"measure": "rate", "by": "tool"},
    {"measure": "instances"},
    {"measure": "instances", "step": "day"},
    {"measure": "share", "by": "product_version", "step": "day"},
    {"measure": "events", "by": "k8s_version"},
)
_COMPARED: tuple[dict[str, str], ...] = ({"measure": "events"}, {"measure": "instances"}, {"measure": "rate"})
_STATES = ("k8s_version", "deployment_method")


@dataclass(frozen=True)
class Page:
    """Questions that are asked together: each in every segment, a list of conditions; and the bar in seconds."""

    name: str
    questions: tuple[dict[str, str], ...]
    segments: tuple[list[str], ...]
    bar: float


class _Round(NamedTuple):
    """Seconds, seconds of CPU, and the rows of each question."""

    took: float
    cpu: float
    rows: list[list[list[Any]]]


class RawAnswers(Answers):
    """Answers from raw events, whatever the range."""

    def rows(self, sql: str, selection: EventSelection) -> list[tuple[Any, ...]]:
        """See `Answers.rows`."""
        return super().rows(sql, replace(selection, exact=True))


def pages(answers: Answers, filters: Filters) -> tuple[Page, ...]:
    """The pages, with values that the store's instances have."""
    used = {name: _by_use(answers, filters, name) for name in (*_STATES, "error_type", "ai_provider")}
    few = [f"{name}:is:{used[name][0]}" for name in _STATES] + [f"error_type:is:{used['error_type'][0]}"]
    nearly_all = [f"{name}:is_not:none of them" for name in (*_STATES, "error_type")]
    providers = [[f"ai_provider:is:{name}", few[0]] for name in used["ai_provider"][:2]]
    return (
        Page(UNFILTERED, _PAGE, ([],), 0.3),
        Page("a filter of the events", _PAGE, ([f"ai_provider:is:{used['ai_provider'][0]}"],), 0.5),
        Page("three filters through instances, few kept", _PAGE, (few,), 0.5),
        Page("three filters through instances, all kept", _PAGE, (nearly_all,), 1.0),
        Page("comparison of two", _COMPARED, (providers[0], providers[1]), 0.8),
    )


def _by_use(answers: Answers, filters: Filters, name: str) -> list[str]:
    """The values of a property, those of most calls first; of versions, the first two parts."""
    query = {"measure": "events", "event": CALLS, "by": name}
    question = parse_question(query, [], filters, CATALOGUES[filters.product])
    values = [str(row[0]) for row in ask(answers, question, filters).rows if row[0] is not None]
    return list(dict.fromkeys(".".join(value.split(".")[:2]) for value in values))


def asked(store: DuckStore, answers: Answers, page: Page, filters: Filters) -> _Round:
    """Ask a page's questions. No answer is kept from before."""
    fresh = type(answers)(store, CATALOGUES, value_caps=answers.value_caps)
    began, cpu, rows = time.monotonic(), time.process_time(), []
    for segment in page.segments:
        for query in page.questions:
            question = parse_question({"event": CALLS, **query}, segment, filters, CATALOGUES[filters.product])
            rows.append(ask(fresh, question, filters).rows)
    return _Round(time.monotonic() - began, time.process_time() - cpu, rows)


def _median(rounds: list[_Round]) -> list[float]:
    return [statistics.median(one.took for one in rounds), statistics.median(one.cpu for one in rounds)]


def measure(data: Path, memory: str, threads: int, only: str = "") -> dict[str, Any]:
    """Every page's times by name, with the share of calls that it keeps; of one page alone where `only` names it."""
    store = DuckStore(data, CATALOGUES, memory, threads)
    facts, raw = Answers(store, CATALOGUES), RawAnswers(store, CATALOGUES)
    now = datetime.fromtimestamp(Fleet.end - 1, UTC)
    filters = Filters.parse({"product": "dot-ai", "range": "90d", "internal": "hide"}, now, CATALOGUES)
    found: dict[str, Any] = {"pages": {}}
    [[events]] = store.query("SELECT sum(n)::BIGINT FROM event_counts", EventSelection("dot-ai", 0, Fleet.end))
    for page in pages(facts, filters):
        if only not in ("", page.name):
            continue
        store.files.kept_rows.drop()
        rounds: list[_Round] = []
        raw_rounds: list[_Round] = []
        for number in range(ROUNDS + 1):
            rounds.append(asked(store, facts, page, filters))
            if number < RAW_ROUNDS:
                raw_rounds.append(asked(store, raw, page, filters))
            if raw_rounds[-1].rows != rounds[-1].rows:
                raise SystemExit(f"questions: {page.name}: the fact tables say something else than raw events")
        print(f"{page.name}: {[round(one.took, 3) for one in rounds]}", file=sys.stderr, flush=True)
        found["pages"][page.name] = {
            "calls": sum(row[1] for row in rounds[0].rows[0]) if page.questions is _PAGE else None,
            "first": [rounds[0].took, rounds[0].cpu],
            "again": _median(rounds[1:]),
            "raw": _median(raw_rounds),
            "bar": page.bar,
        }
    found |= {"events": events, "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10, "threads": threads}
    store.close()
    return found


def section(found: dict[str, Any]) -> Section:
    """What was measured as a section of the results."""
    whole = found["pages"][UNFILTERED]["calls"]
    rows = [
        [
            name,
            "" if one["calls"] is None else f"{one['calls'] / whole:.0%}",
            *(f"{took * 1e3:,.0f}" for took in (*one["first"], *one["again"], *one["raw"])),
            f"{one['raw'][1] / one['again'][1]:.0f}",
        ]
        for name, one in found["pages"].items()
    ]
    head = ["page", "calls kept", "first, ms", "CPU", "again, ms", "CPU", "raw, ms", "CPU", "times less CPU"]
    bars = (
        f"{name} in at most {one['bar']:g} s again: {'kept' if one['again'][0] <= one['bar'] else 'MISSED'}"
        for name, one in found["pages"].items()
    )
    about = (
        f"{found['events']:,} events of 90 days; a page is {len(_PAGE)} questions about calls, one after the other, "
        f"and the comparison three about each of two segments. {found['threads']} threads; the process took "
        f"{found['rss']} MiB, raw events included. *Raw* are the same questions over raw events, with equal rows."
    )
    notes = [about, f"Bars: {'; '.join(bars)}."]
    title = f"Questions, over {found['events']:,} events"
    return Section("store-questions", title, COMMAND, table(head, rows), notes, versions("duckdb"))


def main() -> int:
    """See `--help`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a data directory with a store")
    parser.add_argument("--ratio", action="store_true", help="print the seconds of the unfiltered page alone, as JSON")
    parser.add_argument("--publish", action="store_true", help="write the section into bench/RESULTS.md")
    parser.add_argument("--memory", default=Settings.store_memory, help=f"[{Settings.store_memory}]")
    parser.add_argument("--threads", type=int, default=Settings.store_threads, help=f"[{Settings.store_threads}]")
    options = parser.parse_args()
    if options.ratio:
        found = measure(options.data.resolve(), options.memory, options.threads, UNFILTERED)["pages"][UNFILTERED]
        json.dump({"again": found["again"][0], "raw": found["raw"][0]}, sys.stdout)
        return 0
    made = section(measure(options.data.resolve(), options.memory, options.threads))
    publish(made, is_dry=not options.publish)
    return 0


if __name__ == "__main__":
    sys.exit(main())
