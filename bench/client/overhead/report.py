"""The results as tables and sentences."""

import re
from collections.abc import Mapping
from pathlib import Path

from bench.client.overhead.cases import ERAS, OURS_SENDING, PEER_CASES, SDK_CASES, Case, Found
from bench.results import ROOT, Section, table
from scripts.setup import sdk_env

MOST_MCP2 = 15.0
MOST_TIMES_HOOK = 3.0
TITLES = {"mcp1": "mcp 1", "mcp2": "mcp 2", "fastmcp4": "fastmcp 4"}
NAMES = {
    "footfall-sending": "Footfall, while sending",
    "posthog": "posthog.mcp",
    "agentcat": "agentcat",
    "mcpspan": "mcpspan",
    "sentry": "Sentry",
}
PINNED = {"posthog": "posthog", "agentcat": "agentcat", "mcpspan": "mcpspan", "sentry-sdk": "sentry"}
HOW = """Microseconds added per call: the median of paired differences. A plain and an instrumented server run in
one process, each with an in-memory client, and are called alternately ({calls:,} calls of each in each of {rounds}
rounds; each follows each equally often, in a random assignment). In brackets the lowest and the highest round. The
process is pinned to one processor, with raised priority where that is allowed. *Hook*: the points where Footfall sees a
call, with two clock readings and nothing else. *Hook and write*: the same and one `write` of 153 bytes to a file, the
minimum that a durable append costs. *Footfall*: the defaults; each call is on disk before its result returns.

Other libraries: each runs in its own environment and sends to a server on loopback. Footfall sends from the first
second there, one request per hundred calls. Sentry traces every call; otherwise it sees only those that fail. Work on a
library's own threads counts only as far as it delays calls. *Client sees the same*: `tools/list` and a result equal
those of the plain server."""


def section(found: Mapping[Case, Found], calls: int, rounds: int) -> Section:
    """The section of the results."""
    return Section(
        "tool-call-overhead",
        "Overhead per tool call",
        "python bench/client/tool_call_overhead.py",
        f"{_sdks(found)}\n\nCompared with other libraries, on mcp 2:\n\n{_peers(found)}",
        [HOW.format(calls=calls, rounds=rounds), _bars(found)],
        _versions(),
    )


def _sdks(found: Mapping[Case, Found]) -> str:
    rows = []
    for cases in SDK_CASES:
        hook, _, ours = (found[case] for case in cases)
        plain = min(min(found[case].plain) for case in cases)
        added = [_range(found[case]) for case in cases]
        rows.append((f"{TITLES[cases[0].sdk]}, {cases[0].era}", f"{plain:.0f} µs", *added, _times(ours, hook)))
    return table(("", "plain call", "hook", "hook and write", "Footfall", "Footfall : hook"), rows)


def _peers(found: Mapping[Case, Found]) -> str:
    rows = []
    for cases in PEER_CASES:
        times = [_times(found[case], found[ours]) for case, ours in zip(cases, OURS_SENDING, strict=True)]
        same = "yes" if all(found[case].untouched for case in cases) else "no"
        rows.append((NAMES[cases[0].subject], *(_range(found[case]) for case in cases), " and ".join(times), same))
    return table(("", *ERAS, "times Footfall", "client sees the same"), rows)


def _range(one: Found) -> str:
    return f"{one.added:.1f} µs ({min(one.over):.1f} to {max(one.over):.1f})"


def _times(one: Found, other: Found) -> str:
    return f"{one.added / other.added:.1f}" if other.added > 0 else "too small to tell"


def _bars(found: Mapping[Case, Found]) -> str:
    worst = max(found[cases[2]].added for cases in SDK_CASES if cases[0].sdk == "mcp2")
    over = floor = 0
    for cases in SDK_CASES:
        hook, write, ours = (found[case].added for case in cases)
        over += ours > MOST_TIMES_HOOK * hook
        floor += write > MOST_TIMES_HOOK * hook
    same = all(found[cases[2]].untouched for cases in SDK_CASES)
    said = (
        f"Bars. At most {MOST_MCP2:g} µs over plain on mcp 2: {'kept' if worst <= MOST_MCP2 else 'missed'} "
        f"({worst:.1f} µs). At most {MOST_TIMES_HOOK:g} times the hook: missed in {over} of {len(SDK_CASES)} rows"
    )
    said += f"; in {floor} of them the hook and one `write` are more than that by themselves." if over else "."
    return f"{said} `tools/list` and results the same with and without Footfall: {'yes' if same else 'no'}."


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
