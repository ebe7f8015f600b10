"""The tools of `/mcp`. Each is a question to the same answers that the pages show; none changes anything."""

import inspect
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import Field

from footfall import Product, Telemetry
from footfall.mcp import instrument

from ...answer import Answers, FilterError, Filters, is_version, version_key
from ...runtime import Status, __version__
from ..insight import data_health as health
from ..insight import records, releases
from ..report import contents as report
from .server import DiscreetServer, log_briefly

INSTRUCTIONS = (
    "Anonymous usage analytics of an MCP server: which tools are used, what breaks, with which AI providers and "
    "clients, and how releases are adopted. Begin with `answers`. Ask `what_broke` for regressions since a version. "
    "`chart` has the numbers behind everything. Counts are events or pseudonymous instances; days are UTC. Internal "
    "events (CI and tests) are left out unless asked for."
)
PRODUCT = "footfall-answers"
"""This endpoint's own name where it is counted; its variables begin with FOOTFALL_ANSWERS_."""

Range = Annotated[
    Literal["1h", "24h", "7d", "30d", "90d", "365d", "all"], Field(description="Days up to now, today included")
]
Internal = Annotated[Literal["hide", "only", "all"], Field(description="Events of CI and tests")]
_Optional = Annotated[str | None, Field(max_length=200)]
ProductName = Annotated[_Optional, Field(description="The product; needed where the collector has several")]
OfVersion = Annotated[_Optional, Field(description="Only this version of the product, such as 2.3.0")]
OfProvider = Annotated[_Optional, Field(description="Only this AI provider, such as anthropic")]
OfTool = Annotated[_Optional, Field(description="Only this tool, where the chart's events say it")]
ChartId = Annotated[str, Field(description="An id that `charts` lists, such as tool-usage", max_length=100)]
Since = Annotated[str, Field(description="The version after which to look, such as 2.2.0", max_length=50)]


def build_server(answers: Answers, status: Status) -> "MCPServer[Any]":
    """The MCP server, counted like any other: by its own telemetry, which is off unless its variables say where to."""
    ours = __version__
    server = DiscreetServer(
        "footfall", title="Footfall's answers", version=ours, instructions=INSTRUCTIONS, log_level="WARNING"
    )
    log_briefly()
    questions = _Questions(answers, status)
    for question, title in questions.all().items():
        about = ToolAnnotations(read_only_hint=True, open_world_hint=False)
        server.tool(title=title, description=inspect.getdoc(question), annotations=about)(question)
    instrument(server, Telemetry(Product(PRODUCT, version=ours)))
    return server


class _Questions:
    """Each method is a tool: its name, its docstring and its parameters are what the model reads."""

    def __init__(self, answers: Answers, status: Status) -> None:
        self._answers, self._status = answers, status

    def all(self) -> dict[Callable[..., dict[str, Any]], str]:
        """The tools and their titles."""
        return {
            self.answers: "The four answers",
            self.what_broke: "What broke since a version",
            self.charts: "Every chart there is",
            self.chart: "One chart",
            self.data_health: "Data health",
        }

    def _filters(self, period: str, **given: str | None) -> Filters:
        query = {"range": period} | {name: value for name, value in given.items() if value}
        try:
            return Filters.parse(query, datetime.now(UTC), self._answers.catalogues)
        except FilterError as error:
            raise ToolError(str(error)) from error

    def answers(
        self,
        range: Range = "30d",  # noqa: A002 - the name that the pages use
        product: ProductName = None,
        version: OfVersion = None,
        provider: OfProvider = None,
        internal: Internal = "hide",
    ) -> dict[str, Any]:
        """The four questions answered: sentences, key numbers against the period before, short tables, regressions.

        In sentences `code` and **strong** are Markdown; {bad|…} and {good|…} mark a change.
        """
        filters = self._filters(range, product=product, version=version, provider=provider, internal=internal)
        found = report.gather(self._answers, filters, self._status, datetime.now(UTC))
        return found | {"tiles": [{k: v for k, v in tile.items() if k != "spark"} for tile in found["tiles"]]}

    def what_broke(
        self,
        since: Since,
        range: Range = "90d",  # noqa: A002 - as above
        product: ProductName = None,
    ) -> dict[str, Any]:
        """What got worse after a version: tools that fail more often or take longer, and new classes of errors."""
        if not is_version(since):
            raise ToolError("since is no version; write one such as 2.2.0")
        filters = self._filters(range, product=product)
        compared = releases.compared(self._answers, filters, datetime.now(UTC).date())
        newer = [found for found in compared["releases"] if version_key(found["version"]) > version_key(since)]
        names = {found["version"] for found in newer}
        return {
            "since": since,
            "versions_after_it": newer,
            "regressions": [flag for flag in compared["regressions"] if flag["version"] in names],
            "new_error_classes": self._new_errors(filters, names),
            "how_a_regression_is_told": compared["note"],
        }

    def _new_errors(self, filters: Filters, newer: set[str]) -> list[dict[str, Any]]:
        rows = records(self._answers.release_errors(filters))
        old = {(row["tool"], row["error_type"]) for row in rows if row["product_version"] not in newer}
        return [row for row in rows if row["product_version"] in newer and (row["tool"], row["error_type"]) not in old]

    def charts(self) -> dict[str, Any]:
        """Every chart: its id, the question it answers, its columns with their units, and the filters it can take."""
        return {"charts": [msgspec.to_builtins(spec) for spec in self._answers.charts()]}

    def chart(
        self,
        id: ChartId,  # noqa: A002 - the chart's id, as `charts` calls it
        range: Range = "30d",  # noqa: A002 - as above
        product: ProductName = None,
        version: OfVersion = None,
        provider: OfProvider = None,
        tool: OfTool = None,
        internal: Internal = "hide",
    ) -> dict[str, Any]:
        """The numbers of one chart. `not_applied` names filters that its events say nothing about."""
        known = [spec.id for spec in self._answers.charts()]
        if id not in known:
            raise ToolError(f"There is no such chart; known are {', '.join(known)}.")
        filters = self._filters(
            range, product=product, version=version, provider=provider, tool=tool, internal=internal
        )
        found: dict[str, Any] = msgspec.to_builtins(self._answers.chart(id, filters))
        return found

    def data_health(self) -> dict[str, Any]:
        """Whether the numbers can be trusted: what came in, what was refused and why, how far behind the charts are."""
        found = health.report(self._status, self._answers, datetime.now(UTC))
        return {"answer": health.sentence(self._status)} | found
