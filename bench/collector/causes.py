"""How often a planted cause of errors is named as what it is: an outage, a client's bug, a release's bug, and none.

python bench/collector/causes.py [FLEETS]

Each fleet is judged four times: without a cause and with one of each kind. The table goes into bench/RESULTS.md.
"""

import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

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
    return list(judgements(seed))


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
        "is a release. Calls are clustered by instance here; pages and the API cluster them "
        "by version, client and provider."
    )
    head = ("planted", "right", "others named", "releases")
    return Section(
        "causes",
        "Causes of errors",
        "python bench/collector/causes.py",
        table(head, rows),
        (method, f"Bars: {'; '.join(bars)}."),
    )


def main() -> None:
    fleets = int(sys.argv[1]) if sys.argv[1:] else FLEETS
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        publish(section([each for listed in pool.map(judged, range(fleets)) for each in listed]))


if __name__ == "__main__":
    main()
