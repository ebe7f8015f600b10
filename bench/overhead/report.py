"""The results as tables and sentences."""

import re
from collections.abc import Mapping
from pathlib import Path

from bench.overhead.cases import ERAS, PEER_CASES, SDK_CASES, Case, Found
from bench.results import ROOT, Section, table
from scripts import sdk_env

MOST_MCP2 = 15.0
MOST_TIMES_HOOK = 3.0
TITLES = {"mcp1": "mcp 1", "mcp2": "mcp 2", "fastmcp4": "fastmcp 4"}
NAMES = {
    "footfall-sending": "Footfall, sending all the while",
    "posthog": "posthog.mcp",
    "agentcat": "agentcat",
    "mcpspan": "mcpspan",
    "sentry": "Sentry",
}
PINNED = {"posthog": "posthog", "agentcat": "agentcat", "mcpspan": "mcpspan", "sentry-sdk": "sentry"}
HOW = """Microseconds added to a call, the median of paired differences: a plain and a watched server in one process, each
with a client in memory, called in turn ({calls:,} calls of each in each of {rounds} rounds; each follows each equally
often, and who is who is drawn anew all the time). In brackets the lowest and the highest round. The process stays on
one processor and comes first there, where it may. *Hook*: the points where Footfall sees a call, with two clock
readings and nothing else. *Hook and write*: the same and one `write` of 153 bytes to a file, the least that a durable
append costs. *Footfall*: as it comes, each call on disk before its result returns.

Second table: mcp 2, each library in an environment of its own and pointed at a server on loopback. Footfall sends
from the first second there, a request every hundred calls. Sentry traces every call; otherwise it sees only those that
fail. What a library does on threads of its own is in the figures only as far as it holds up calls. *Client sees the
same*: `tools/list` and a result equal the plain server's."""


def section(found: Mapping[Case, Found], calls: int, rounds: int) -> Section:
    """The section of the results."""
    return Section(
        "tool-call-overhead",
        "What watching adds to a tool call",
        "python bench/tool_call_overhead.py",
        f"{_sdks(found)}\n\n{_peers(found)}",
        [HOW.format(calls=calls, rounds=rounds), _bars(found)],
        _versions(),
    )


def _sdks(found: Mapping[Case, Found]) -> str:
    rows = []
    for case in SDK_CASES:
        one = found[case]
        cells = [_range(one.over[name]) for name in case.subjects]
        rows.append((f"{TITLES[case.sdk]}, {case.era}", f"{min(one.plain):.0f} µs", *cells, _times(one)))
    return table(("SDK, protocol", "plain call", "hook", "hook and write", "Footfall", "Footfall : hook"), rows)


def _peers(found: Mapping[Case, Found]) -> str:
    rows = []
    ours = {case.era: found[case].median(case.subjects[0]) for case in PEER_CASES if not case.environment}
    for name, title in NAMES.items():
        cases = [case for era in ERAS for case in PEER_CASES if case.era == era and case.subjects == (name,)]
        added = [found[case].median(name) for case in cases]
        times = [f"{one / ours[case.era]:.0f}" for one, case in zip(added, cases, strict=True)]
        same = "yes" if all(found[case].untouched[name] for case in cases) else "no"
        rows.append(
            (title, *(_range(found[case].over[name]) for case in cases), " and ".join(dict.fromkeys(times)), same)
        )
    return table(("mcp 2", *ERAS, "times Footfall", "client sees the same"), rows)


def _range(medians: list[float]) -> str:
    middle = sorted(medians)[len(medians) // 2]
    return f"{middle:.1f} µs ({min(medians):.1f} to {max(medians):.1f})"


def _times(one: Found) -> str:
    hook = one.median("hook")
    return f"{one.median('footfall') / hook:.1f}" if hook > 0 else "hook too small to measure"


def _bars(found: Mapping[Case, Found]) -> str:
    added = {case: found[case].median("footfall") for case in SDK_CASES}
    worst = max(added[case] for case in SDK_CASES if case.sdk == "mcp2")
    kept = "kept" if worst <= MOST_MCP2 else "missed"
    over = [case for case in SDK_CASES if added[case] > MOST_TIMES_HOOK * found[case].median("hook")]
    floor = [
        case for case in over if found[case].median("hook-and-write") > MOST_TIMES_HOOK * found[case].median("hook")
    ]
    same = all(found[case].untouched["footfall"] for case in SDK_CASES)
    said = [f"Bars: at most {MOST_MCP2:g} µs over plain on mcp 2: {kept} ({worst:.1f} µs)."]
    said.append(f"At most {MOST_TIMES_HOOK:g} times the hook: {len(SDK_CASES) - len(over)} of {len(SDK_CASES)} kept.")
    if floor:
        said.append(f"In {len(floor)} of those missed the hook and one `write` alone are more than that.")
    said.append(f"`tools/list` and results the same with and without Footfall: {'yes' if same else 'no'}.")
    return " ".join(said)


def _versions() -> dict[str, str]:
    """Of everything that was measured, from the pins of its environment."""
    mcp = f"{_pinned(sdk_env.pins_of('mcp1'), 'mcp')} and {_pinned(ROOT / 'requirements.txt', 'mcp')}"
    peers = {name: _pinned(sdk_env.pins_of(f"peer-{short}"), name) for name, short in PINNED.items()}
    return {"mcp": mcp, "fastmcp": _pinned(sdk_env.pins_of("fastmcp4"), "fastmcp"), **peers}


def _pinned(pins: Path, distribution: str) -> str:
    found = re.search(rf"^{re.escape(distribution)}==([^ \n]+)", pins.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise LookupError(f"{pins} pins no {distribution}")
    return found[1]
