"""How often a planted cause of errors is named as what it is: an outage, a client's bug, a release's bug, and none.

python -m bench.collector.causes [FLEETS [FILE]]

Each fleet is judged four times: without a cause and with one of each kind. The table goes into bench/RESULTS.md.
Judgements are kept in FILE, where one is given: an interrupted run continues.
"""

import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import msgspec

if not __package__:  # run as a file, so that only its folder is on the path
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from bench.results import Section, publish, table
from collector.tests.show.statistics.planted import NO_CAUSE, Judgement, judgements
from tests.oracle.causes import KINDS, MIN_FAILURES, MIN_INSTANCES

FLEETS = 200
MIN_RIGHT, MAX_FALSE = 0.95, 0.02
_TITLES = {
    NO_CAUSE: "no cause",
    "outage": "outage of an AI provider, 2 to 9 hours",
    "client": "bug of an MCP client, from some day on",
    "release": "bug of a release",
}


def judged(seed: int) -> list[Judgement]:
    found = list(judgements(seed))
    for each in found:
        if not each.right:
            print(f"fleet {seed}, {each.kind}: {each.planted} is named {each.named}", file=sys.stderr, flush=True)
    print(f"fleet {seed} is judged", file=sys.stderr, flush=True)
    return found


def section(judgements: Sequence[Judgement]) -> Section:
    rows, bars = [], []
    for kind in (NO_CAUSE, *KINDS):
        of_kind = [each for each in judgements if each.kind == kind]
        right = sum(each.right for each in of_kind)
        others = sum(any(name not in each.planted for name in each.named) for each in of_kind)
        releases = sum(each.regression_too_many for each in of_kind)
        rows.append((_TITLES[kind], f"{right} of {len(of_kind)}", f"{others}", f"{releases}"))
        kept = others <= MAX_FALSE * len(of_kind) if kind == NO_CAUSE else right >= MIN_RIGHT * len(of_kind)
        bar = f"at most {MAX_FALSE:.0%} named" if kind == NO_CAUSE else f"at least {MIN_RIGHT:.0%} right"
        bars.append(f"{_TITLES[kind]}: {bar}: {'kept' if kept else 'MISSED'}")
    method = (
        "Fleets of 300 instances over 28 days, without a cause of their own, of which each is judged four times. A "
        "bug lets every tool fail three times as often, or up to three tools in 15 to 50 % more of their calls; in an "
        f"outage, tools that ask the provider fail in 90 %. Each cause adds at least {MIN_FAILURES} failures in "
        f"{MIN_INSTANCES} instances or more, none of which has more than half. *Right*: that cause is named and "
        "no other. *Others named*: fleets with a cause that was not planted; *releases*: those of them where it "
        "is a release. Each fleet is in a store, and the causes are those that `/api/explain` looks "
        "for in it, by instance. Versions of clients and of Kubernetes, and deployments, could be named too."
    )
    head = ("planted", "right", "others named", "releases")
    return Section(
        "causes",
        "Causes of errors",
        "python -m bench.collector.causes",
        table(head, rows),
        (method, f"Bars: {'; '.join(bars)}."),
    )


def main() -> None:
    fleets = int(sys.argv[1]) if sys.argv[1:] else FLEETS
    file = Path(sys.argv[2]) if sys.argv[2:] else None
    done = (
        [msgspec.json.decode(line, type=Judgement) for line in file.read_bytes().splitlines()]
        if file and file.exists()
        else []
    )
    waiting = sorted({*range(fleets)} - {each.seed for each in done})
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for listed in pool.map(judged, waiting):
            done += listed
            if file:
                with file.open("ab") as kept:
                    kept.write(b"".join(msgspec.json.encode(each) + b"\n" for each in listed))
    publish(section([each for each in done if each.seed < fleets]))


if __name__ == "__main__":
    main()
