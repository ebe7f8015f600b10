"""How often rules of alerts speak on quiet fleets, and whether planted incidents are found within their day.

python -m bench.collector.alerts [FLEETS [FILE]]

Each fleet is judged over four weeks, every ten minutes, after eight weeks of history: as it is, and with one incident
of each kind. The table goes into bench/RESULTS.md. Judgements are kept in FILE, where one is given: an interrupted
run continues.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

if not __package__:  # run as a file, so that only its folder is on the path
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from bench.results import Section, publish, table
from tests.oracle.incidents import INCIDENTS, QUIET, IncidentJudgement, judge_fleet

FLEETS = 24
MAX_FALSE, MIN_FOUND = 1.0, 0.95
_TITLES = {
    QUIET: "nothing",
    "release": "a release fails more often",
    "outage": "30 % of all calls fail, 4 to 12 hours",
    "instances": "half of the instances stay away for a day",
    "silence": "no event for 6 hours",
    "class": "a new class of errors in 8 instances",
}


def section(judgements: Sequence[IncidentJudgement]) -> Section:
    rows, bars = [], []
    quiet = [each for each in judgements if each.kind == QUIET]
    alarms = sum(len(each.false) for each in quiet)
    rows.append((_TITLES[QUIET], f"{len(quiet)}", "", f"{alarms / max(1, len(quiet)):.2f}"))
    kept = alarms <= MAX_FALSE * len(quiet)
    bars.append(f"at most {MAX_FALSE:g} false alarm a month and product: {'kept' if kept else 'MISSED'}")
    for kind in INCIDENTS:
        planted = [each for each in judgements if each.kind == kind]
        found = sum(each.found for each in planted)
        rows.append((_TITLES[kind], f"{len(planted)}", f"{found}", ""))
        kept = found >= MIN_FOUND * len(planted)
        bars.append(f"{_TITLES[kind]}: at least {MIN_FOUND:.0%} found: {'kept' if kept else 'MISSED'}")
    method = (
        "Calm fleets of 300 instances over twelve weeks, the last four of which are judged every ten minutes with the "
        "rules' defaults; regressions twice a day, and at the end of a release's day. *Found*: the rule spoke by the "
        "end of the incident's day (two hours later for what needs the whole day). A release's day is the first on "
        "which it has 40 additional failures in five instances or more. Silence is planted at 12:00 UTC on a working "
        "day into fleets of 900 instances, because a smaller one has quiet hours of its own. The numbers are counted "
        "in plain Python, and `collector/tests/alerts/test_observations.py` compares them with what the collector "
        "reads from its store; `collector/tests/alerts/test_planted_incidents.py` repeats one fleet. Refusals and "
        "alarms have thresholds without chance, and are left out."
    )
    return Section(
        "alerts",
        "Alerts",
        "python -m bench.collector.alerts",
        table(("planted", "fleets", "found within their day", "alarms a month"), rows),
        (method, f"Bars: {'; '.join(bars)}."),
    )


def main() -> None:
    fleets = int(sys.argv[1]) if sys.argv[1:] else FLEETS
    file = Path(sys.argv[2]) if sys.argv[2:] else None
    done: list[IncidentJudgement] = []
    if file and file.exists():
        done = [msgspec.json.decode(line, type=IncidentJudgement) for line in file.read_bytes().splitlines()]
    for seed in sorted({*range(fleets)} - {each.seed for each in done}):
        judged = list(judge_fleet(seed))
        done += judged
        for each in judged:
            print(f"fleet {seed}, {each.kind}: found {each.found}, false {each.false}", file=sys.stderr, flush=True)
        if file:
            with file.open("ab") as kept:
                kept.write(b"".join(msgspec.json.encode(each) + b"\n" for each in judged))
    publish(section([each for each in done if each.seed < fleets]))


if __name__ == "__main__":
    main()
