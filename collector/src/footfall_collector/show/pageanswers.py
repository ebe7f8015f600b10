"""What a page says above its charts: the sentence, the tiles, the days of releases, and what is hidden."""

from dataclasses import replace
from typing import Any

from ..answer import Answers, Filters
from ..status import Status
from . import sentences, tiles
from .records import records, total


def before(filters: Filters) -> Filters:
    """The same filters for the period of the same length that ended where this one begins."""
    return replace(filters, start=filters.start - (filters.end - filters.start), end=filters.start)


def of(name: str, answers: Answers, filters: Filters, status: Status) -> dict[str, Any]:
    """The head of a page, as JSON."""
    usage = answers.chart("tool-usage", filters)
    found = {
        "answer": "",
        "hidden_internal": usage.hidden_internal,
        "empty": False,
        "releases": [{"name": "2.3.0", "at": "2026-11-06"}],
        "period": {
            "start": filters.start.isoformat(),
            "end": filters.end.isoformat(),
            "before_start": before(filters).start.isoformat(),
            "before_end": filters.start.isoformat(),
        },
        "generated_at": usage.generated_at,
    }
    rows = records(usage)
    if name == "overview":
        found["answer"] = sentences.overview(rows, records(answers.chart("tool-errors", filters)), 10000, 384)
        found["tiles"] = [
            dict(
                id="calls",
                title="Tool calls",
                value=total(rows, "calls"),
                before=70000,
                unit="calls",
                better="more",
                meaning="Tool calls",
                spark=[3, 4, 5, 6, 3, 2, 7, 8, 9, 8, 9, 11],
            ),
            dict(
                id="instances",
                title="Active instances",
                value=384,
                before=371,
                unit="",
                better="more",
                meaning="Instances",
                spark=[3, 4, 5, 6, 3, 2, 7, 8, 9, 8, 9, 11],
            ),
            dict(
                id="error_rate",
                title="Error rate",
                value=0.042,
                before=0.038,
                unit="ratio",
                better="less",
                meaning="Failed",
                spark=[3, 4, 5, 6, 3, 2, 7, 8, 9, 8, 9, 11],
            ),
            dict(
                id="median",
                title="Median duration",
                value=1200,
                before=1200,
                unit="ms",
                better="less",
                meaning="Median",
                spark=[3, 4, 5, 6, 3, 2, 7, 8, 9, 8, 9, 11],
            ),
        ]
    if name == "tools":
        found["answer"] = sentences.tools(rows, 384, records(answers.chart("tool-duration", filters)))
    if name == "errors":
        found["answer"] = sentences.errors(
            records(answers.chart("tool-errors", filters)), [], records(answers.chart("error-types", filters))
        )
    if name == "clients":
        found["answer"] = sentences.clients(
            records(answers.chart("ai-providers", filters)), records(answers.chart("mcp-clients", filters))
        )
    return found


def options(answers: Answers, filters: Filters) -> dict[str, Any]:
    providers = records(answers.chart("ai-providers", replace(filters, provider=None)))
    return {
        "products": answers.products(),
        "versions": answers.versions(filters.product),
        "providers": [row["ai_provider"] for row in providers],
    }
