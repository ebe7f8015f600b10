"""The tools `explain` and `compare`: what the API answers of two segments or versions, or of two periods."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
from mcp.server.mcpserver.exceptions import ToolError

from ...answer import Answers, FilterError, Filters
from ..explain import (
    ComparedSide,
    Explanation,
    compare,
    explain,
    named_conditions,
)
from .parameters import (
    Against,
    Conditions,
    ExplainedMeasure,
    Internal,
    OtherSide,
    ProductName,
    Range,
    Side,
    VersionFilter,
)
from .untrusted import NOTE, mark, mark_fields, mark_sentence, sentence_of

_COMPARED = ("first_day", "last_day", "start", "end")
_FOUND = ("kind", "start", "end", "text")


class ComparisonTools:
    """Each public method but `descriptions` is a tool. `note` is a part of each answer."""

    def __init__(self, answers: Answers, note: str) -> None:
        self._answers, self._note = answers, note

    def descriptions(self) -> dict[Callable[..., dict[str, Any]], tuple[str, str]]:
        """Tool → title and description."""
        return {
            self.explain: (
                "What explains a difference",
                (
                    "What makes calls fail more often, or take longer, or makes their number larger: of `a` against "
                    "`b`, of `version` against `against`, or else of the range against the same weekdays before. Each "
                    f"cause has its effect, interval and share of the difference.\n\n{NOTE}"
                ),
            ),
            self.compare: (
                "Two segments or periods",
                (
                    "Every measure of `a` and `b`, or of the range and the weeks before, with difference and 95 % "
                    f"interval.\n\n{NOTE}"
                ),
            ),
        }

    def explain(
        self,
        measure: ExplainedMeasure = "error_rate",
        a: Side = None,
        b: OtherSide = None,
        version: VersionFilter = None,
        against: Against = None,
        range: Range = "7d",  # noqa: A002 - the name that the pages use
        product: ProductName = None,
        internal: Internal = "hide",
        where: Conditions = None,
    ) -> dict[str, Any]:
        try:
            filters = self._filters(range, product, internal, version)
            sides = self._sides(filters, a, b)
            found = explain(self._answers, filters, against or "", sides, where or (), measure)
        except FilterError as error:
            raise ToolError(sentence_of(error)) from error
        return {"note": self._note} | _marked(found)

    def compare(
        self,
        a: Side = None,
        b: OtherSide = None,
        range: Range = "7d",  # noqa: A002 - as above
        product: ProductName = None,
        internal: Internal = "hide",
        where: Conditions = None,
    ) -> dict[str, Any]:
        try:
            filters = self._filters(range, product, internal)
            found = compare(self._answers, filters, self._sides(filters, a, b), datetime.now(UTC), where or ())
        except FilterError as error:
            raise ToolError(sentence_of(error)) from error
        texts = {"answer": mark_sentence(found.answer), "a": _side(found.a), "b": found.b and _side(found.b)}
        return {"note": self._note, "how_it_is_made": found.note} | _fields(found) | texts

    def _filters(self, period: str, product: str | None, internal: str, version: str | None = None) -> Filters:
        query = {"range": period, "product": product or "", "internal": internal, "version": version or ""}
        given = {name: value for name, value in query.items() if value}
        return Filters.parse(given, datetime.now(UTC), self._answers.catalogues, (), self._answers.segments)

    def _sides(self, filters: Filters, a: list[str] | None, b: list[str] | None) -> tuple[list[str], list[str]]:
        first, second = (named_conditions(self._answers, filters.product, texts or ()) for texts in (a, b))
        return first, second


def _marked(explanation: Explanation) -> dict[str, Any]:
    return _fields(explanation) | {
        "how_it_is_made": explanation.note,
        "answer": mark_sentence(explanation.answer),
        "segment": mark_fields(msgspec.to_builtins(explanation.segment), _COMPARED),
        "against": mark_fields(msgspec.to_builtins(explanation.against), _COMPARED),
        "findings": [
            mark_fields(msgspec.to_builtins(each), _FOUND)
            | {"tools": [mark(tool) for tool in each.tools], "text": mark_sentence(each.text)}
            for each in explanation.findings
        ],
        "error_classes": [
            mark_fields(msgspec.to_builtins(each), ("text",)) | {"text": mark_sentence(each.text)}
            for each in explanation.error_classes
        ],
        "error_class_scope": mark(explanation.error_class_scope) if explanation.error_class_scope else "",
    }


def _side(side: ComparedSide) -> dict[str, Any]:
    return mark_fields(msgspec.to_builtins(side), ("start", "end"))


def _fields(answer: msgspec.Struct) -> dict[str, Any]:
    """The fields of an answer without its note: the tool's own stands there."""
    fields: dict[str, Any] = msgspec.to_builtins(answer)
    del fields["note"]
    return fields
