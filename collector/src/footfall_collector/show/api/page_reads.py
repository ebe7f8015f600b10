"""What a page reads of the API, for read-only links: nothing else is answered to who has one."""

from collections.abc import Iterator, Mapping
from itertools import product

from ...access.links import PageReads
from ..pages import PAGES, AskedPanel, Page, Panel
from .openapi import FILES

_CALLS = {"event": "tool_executed"}
_MAIN_QUESTIONS: tuple[dict[str, str], ...] = (
    {"measure": "events"} | _CALLS,
    {"measure": "instances"},
    {"measure": "instances"} | _CALLS,
    {"measure": "rate"} | _CALLS,
    {"measure": "median", "of": "duration_ms"} | _CALLS,
)
"""What the main chart shows (`frontend/src/page/main_chart.ts`), each over time and by one of these properties."""
_STEPS = ("day", "hour", "minute")
_DIVISIONS = ("tool", "mcp_client", "ai_provider", "product_version")

_NOTHING: frozenset[tuple[str, str]] = frozenset()
_Reads = dict[str, set[frozenset[tuple[str, str]]]]


def page_reads() -> Mapping[str, PageReads]:
    """The pages that a link can show, by name."""
    return {page.name: PageReads(page.path, _answers(page)) for page in PAGES if page.shareable}


def _answers(page: Page) -> Mapping[str, frozenset[frozenset[tuple[str, str]]]]:
    reads: _Reads = {"/api/pulse": {_NOTHING}, f"/api/pages/{page.name}": {_NOTHING}}
    if page.releases:
        reads["/api/releases"] = {_NOTHING}
    for panel in (*page.panels, *([page.main] if page.main else [])):
        for path, questions in _reads_of(panel).items():
            reads.setdefault(path, set()).update(questions)
    return {path: frozenset(questions) for path, questions in reads.items()}


def _reads_of(panel: Panel) -> _Reads:
    path, questions = f"/api/charts/{panel.chart}", {_NOTHING}
    if isinstance(panel, AskedPanel):
        path, questions = "/api/ask", {frozenset(each.items()) for each in _questions(panel)}
    reads = {path + end: set(questions) for end in ("", *(f".{extension}" for extension in FILES))}
    if totals := panel.options.get("group", {}).get("totals"):
        reads.setdefault("/api/ask", set()).add(frozenset(totals.items()))
    return reads


def _questions(panel: AskedPanel) -> Iterator[dict[str, str]]:
    if panel.query:
        yield panel.query
        return
    for question, step, by in product(_MAIN_QUESTIONS, _STEPS, ("", *_DIVISIONS)):
        yield question | {"step": step} | ({"by": by} if by else {})
