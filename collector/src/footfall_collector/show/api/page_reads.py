"""What a page reads of the API, for read-only links: nothing else is answered to who has one."""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import product
from urllib.parse import parse_qsl, urlsplit

from footfall.catalogue import Catalogue

from ...access.links import PageReads, Pages
from ...answer import MAX_VALUE_LENGTH, default_questions
from ..pages import PAGES, THING_KINDS, AskedPanel, Page, Panel
from .openapi import FILES
from .openapi import THING as THING_PARAMETER
from .opened_answers import opened_questions
from .thing_reads import THING_CHARTS, thing_questions

_CALLS = {"event": "tool_executed"}
_MAIN_QUESTIONS: dict[str, dict[str, str]] = {
    "calls": {"measure": "events"} | _CALLS,
    "instances": {"measure": "instances"},
    "callers": {"measure": "instances"} | _CALLS,
    "error_rate": {"measure": "rate"} | _CALLS,
    "median": {"measure": "median", "of": "duration_ms"} | _CALLS,
    "errors": {"measure": "events", "event": "tool_error"},
    "met_by": {"measure": "instances", "event": "tool_error"},
}
"""What the main chart shows (`frontend/src/page/main_chart.ts`), each over time and by one of these properties."""
_STEPS = ("day", "hour", "minute")
_DIVISIONS = ("tool", "mcp_client", "ai_provider", "product_version")

_Sent = frozenset[tuple[str, str]]
_Reads = dict[str, set[_Sent]]
_NOTHING: _Sent = frozenset()
_THINGS = "things/"
_KEPT_PAGES = 256
_LISTS = {"events": "/api/charts", "health": "/api/health"}
"""Page to what it reads besides its panels."""


def page_reads(catalogues: Mapping[str, Catalogue]) -> Pages:
    """What the pages of links read, where these products are known."""

    @lru_cache(_KEPT_PAGES)
    def reads(name: str, shown: str, opened: str = "") -> PageReads | None:
        if name.startswith(_THINGS):
            return _thing(name, opened)
        page = next((each for each in PAGES if each.name == name), None)
        if page is None or shown not in catalogues:
            return None
        questions = default_questions({shown: catalogues[shown]}) if page.name == "events" else ()
        answered = _frozen(_reads_of_questions(dict(parse_qsl(urlsplit(each.ask).query)) for each in questions))
        answers = {**_answers(page), **answered, **_opened(opened)}
        return PageReads(page.path, answers, _by_panel(page), _compared(answers))

    return reads


def thing_named(page: str) -> tuple[str, str] | None:
    """Kind and name of the page about one thing, such as `things/tool/query`; None where it is no such page."""
    folder, _, rest = page.partition("/")
    kind, _, name = rest.partition("/")
    is_one = f"{folder}/" == _THINGS and kind in THING_KINDS and 0 < len(name) <= MAX_VALUE_LENGTH
    return (kind, name) if is_one else None


def _thing(page: str, opened: str) -> PageReads | None:
    thing = thing_named(page)
    if thing is None:
        return None
    kind, name = thing
    condition = ("where", THING_KINDS[kind].condition(name))
    questions = [*thing_questions(THING_KINDS[kind].property), *_all_main_questions()]
    charts = {f"/api/charts/{chart}{end}": {_NOTHING} for chart in THING_CHARTS for end in _ends(files=True)}
    reads = _reads_of_questions(questions) | charts
    about = {path: {question | {condition} for question in asked} for path, asked in reads.items()}
    head = {"/api/pulse": {_NOTHING}, f"/api/things/{kind}": {frozenset({(THING_PARAMETER, name)})}}
    answers = {**_frozen(about | head), **_opened(opened, condition)}
    return PageReads(f"/{page}", answers, compared=_compared(answers))


def _reads_of_questions(questions: Iterable[Mapping[str, str]]) -> _Reads:
    """What asks these questions; the product is the link's."""
    sets = {frozenset((name, value) for name, value in each.items() if name != "product") for each in questions}
    return {f"/api/ask{end}": sets for end in _ends(files=True)} if sets else {}


def _opened(opened: str, *about: tuple[str, str]) -> Mapping[str, frozenset[_Sent]]:
    return {path: frozenset({sent | set(about)}) for path, sent in opened_questions(opened).items()}


def _compared(answers: Mapping[str, frozenset[_Sent]]) -> frozenset[str]:
    return frozenset(path for path in answers if path == "/api/ask" or path.startswith("/api/charts/"))


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
    if page.name in _LISTS:
        reads[_LISTS[page.name]] = {_NOTHING}
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
    reads = {path + end: set(questions) for end in _ends(files)}
    if totals := panel.options.get("group", {}).get("totals"):
        reads.setdefault("/api/ask", set()).add(frozenset(totals.items()))
    return reads


def _questions(panel: AskedPanel) -> Iterator[dict[str, str]]:
    if panel.stepped:
        yield from (panel.query | {"step": step} for step in _STEPS)
    elif panel.query:
        yield panel.query
    else:
        yield from _all_main_questions()


def _all_main_questions() -> Iterator[dict[str, str]]:
    for chart, by in product(_MAIN_QUESTIONS, ("", *_DIVISIONS)):
        yield from _main_questions(chart, by)


def _ends(files: bool) -> tuple[str, ...]:
    return ("", *(f".{extension}" for extension in FILES if files))


def _main_questions(chart: str, by: str) -> Iterator[dict[str, str]]:
    for step in _STEPS:
        yield _MAIN_QUESTIONS[chart] | {"step": step} | ({"by": by} if by else {})
