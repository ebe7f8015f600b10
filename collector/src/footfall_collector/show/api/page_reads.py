"""What a page reads of the API, for read-only links: nothing else is answered to who has one."""

from collections.abc import Iterator, Mapping
from itertools import product

from ...access.links import PageReads
from ..pages import PAGES, AskedPanel, Page, Panel
from .openapi import FILES

_CALLS = {"event": "tool_executed"}
_MAIN_QUESTIONS: dict[str, dict[str, str]] = {
    "calls": {"measure": "events"} | _CALLS,
    "instances": {"measure": "instances"},
    "callers": {"measure": "instances"} | _CALLS,
    "error_rate": {"measure": "rate"} | _CALLS,
    "median": {"measure": "median", "of": "duration_ms"} | _CALLS,
}
"""What the main chart shows (`frontend/src/page/main_chart.ts`), each over time and by one of these properties."""
_STEPS = ("day", "hour", "minute")
_DIVISIONS = ("tool", "mcp_client", "ai_provider", "product_version")

_Sent = frozenset[tuple[str, str]]
_Reads = dict[str, set[_Sent]]
_NOTHING: _Sent = frozenset()


def page_reads() -> Mapping[str, PageReads]:
    """The pages that a link can show, by name."""
    return {page.name: PageReads(page.path, _answers(page), _by_panel(page)) for page in PAGES if page.shareable}


def panel_shown(page: Page, panel: str, query: Mapping[str, str]) -> str:
    """A panel of a page under the name that `PageReads.panels` has; the main chart with what the address chooses.

    Empty where the page has no such panel.
    """
    if page.main and panel == page.main.id:
        chart, by = query.get("chart", ""), query.get("by", "")
        return _main_name(page.main, chart if chart in _MAIN_QUESTIONS else "calls", by if by in _DIVISIONS else "")
    return panel if panel in {each.id for each in page.panels} else ""


def _main_name(main: Panel, chart: str, by: str) -> str:
    return f"{main.id}?chart={chart}" + (f"&by={by}" if by else "")


def _by_panel(page: Page) -> dict[str, Mapping[str, frozenset[_Sent]]]:
    panels = {panel.id: _frozen(_reads_of(panel, files=False)) for panel in page.panels}
    for chart, by in product(_MAIN_QUESTIONS, ("", *_DIVISIONS)) if page.main else ():
        questions = {frozenset(each.items()) for each in _main_questions(chart, by)}
        panels[_main_name(page.main or page.panels[0], chart, by)] = _frozen({"/api/ask": questions})
    return panels


def _answers(page: Page) -> Mapping[str, frozenset[_Sent]]:
    reads: _Reads = {"/api/pulse": {_NOTHING}, f"/api/pages/{page.name}": {_NOTHING}}
    if page.releases:
        reads["/api/releases"] = {_NOTHING}
    for panel in (*page.panels, *([page.main] if page.main else [])):
        for path, questions in _reads_of(panel, files=True).items():
            reads.setdefault(path, set()).update(questions)
    return _frozen(reads)


def _frozen(reads: _Reads) -> Mapping[str, frozenset[_Sent]]:
    return {path: frozenset(questions) for path, questions in reads.items()}


def _reads_of(panel: Panel, *, files: bool) -> _Reads:
    path, questions = f"/api/charts/{panel.chart}", {_NOTHING}
    if isinstance(panel, AskedPanel):
        path, questions = "/api/ask", {frozenset(each.items()) for each in _questions(panel)}
    ends = ("", *(f".{extension}" for extension in FILES if files))
    reads = {path + end: set(questions) for end in ends}
    if totals := panel.options.get("group", {}).get("totals"):
        reads.setdefault("/api/ask", set()).add(frozenset(totals.items()))
    return reads


def _questions(panel: AskedPanel) -> Iterator[dict[str, str]]:
    if panel.query:
        yield panel.query
        return
    for chart, by in product(_MAIN_QUESTIONS, ("", *_DIVISIONS)):
        yield from _main_questions(chart, by)


def _main_questions(chart: str, by: str) -> Iterator[dict[str, str]]:
    for step in _STEPS:
        yield _MAIN_QUESTIONS[chart] | {"step": step} | ({"by": by} if by else {})
