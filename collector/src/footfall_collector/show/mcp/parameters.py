"""The parameters of the tools of `/mcp`, with the descriptions that a model reads."""

from typing import Annotated, Literal

from pydantic import Field

Range = Annotated[
    Literal["1h", "24h", "7d", "30d", "90d", "365d", "all"], Field(description="Days up to now, today included")
]
Internal = Annotated[Literal["hide", "only", "all"], Field(description="Events of CI and tests")]
_Optional = Annotated[str | None, Field(max_length=200)]
ProductName = Annotated[_Optional, Field(description="The product; needed where the collector has several")]
VersionFilter = Annotated[_Optional, Field(description="Only this version of the product, such as 2.3.0")]
ProviderFilter = Annotated[_Optional, Field(description="Only this AI provider, such as anthropic")]
ToolFilter = Annotated[_Optional, Field(description="Only this tool, where the chart's events carry it")]
ChartId = Annotated[str, Field(description="An id that `charts` lists, such as tool-usage", max_length=100)]
Conditions = Annotated[
    list[Annotated[str, Field(max_length=1000)]] | None,
    Field(
        description="All must hold: PROPERTY:is:VALUE,VALUE or PROPERTY:is_not:VALUE, such as k8s_version:is:1.29",
        max_length=8,
    ),
]
SegmentFilter = Annotated[
    _Optional, Field(description="Only this saved segment, by a name that `charts` lists; its conditions hold too")
]
Measure = Annotated[
    Literal[
        "events",
        "instances",
        "share",
        "rate",
        "median",
        "p95",
        "p99",
        "new",
        "returning",
        "lost",
        "came_back",
        "retention",
    ],
    Field(
        description="What is counted; a rate is the share of failed calls, a percentile is of a number, came_back the "
        "share of the instances of the time before, retention that of those first seen in a week, by weeks later"
    ),
]
EventName = Annotated[_Optional, Field(description="The event, such as tool_executed; all events without one")]
Measured = Annotated[
    _Optional, Field(description="The number of a percentile or the boolean of a rate, if there are several")
]
By = Annotated[_Optional, Field(description="The property whose values are rows, such as mcp_client or ai_provider")]
Step = Annotated[
    Literal["", "minute", "hour", "day", "week"],
    Field(description="Rows by day or week, or by hour or minute in ranges up to 48 hours"),
]
SinceVersion = Annotated[str, Field(description="The version after which to look, such as 2.2.0", max_length=50)]
ExplainedMeasure = Annotated[
    Literal["error_rate", "median", "p95", "p99", "calls", "instances"],
    Field(description="What differs; percentiles are of durations, calls and instances are numbers"),
]
_Sides = "conditions as in `where`, or the name of a saved segment"
Side = Annotated[
    list[Annotated[str, Field(max_length=1000)]] | None, Field(description=f"One side: {_Sides}", max_length=8)
]
OtherSide = Annotated[
    list[Annotated[str, Field(max_length=1000)]] | None, Field(description=f"The other side: {_Sides}", max_length=8)
]
Against = Annotated[_Optional, Field(description="Another version, with which `version` is compared")]
