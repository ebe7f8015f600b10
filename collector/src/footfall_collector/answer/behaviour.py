"""The charts of what instances do: how they begin, go on, and stop. The API and `/mcp` serve them; they have no panel.

They are computed from the events of the other charts. Their SQL stands in `sql/behaviour/` and `sql/retention/`,
their true answers in `tests/oracle/behaviour.py`. Ephemeral instances are in none of them.
"""

from .charts import DAY_UNIT, ChartSpec, Column

WORD_UNIT = "word"
"""The unit of texts that are the collector's own, and no values of events."""

_INSTANCES = Column("instances", "Instances", "instances")
_FIRST_DAY = Column("first_day", "First day that is counted: at most the last 31 days of the range are", DAY_UNIT)

ACTIVATION = ChartSpec(
    "activation",
    "Activation",
    "How far do instances get that were first seen in the range?",
    (
        Column("dimension", "Counted by: all, version, or deployment_method", WORD_UNIT),
        Column("value", "Version on the first day, or deployment method of the first start; each, if it had several"),
        Column("step", "Step", WORD_UNIT),
        Column("instances", "Instances that took the step", "instances"),
        Column(
            "of_instances",
            "Instances that could: for second day those with 7 days in the range, for second week those with 14",
            "instances",
        ),
        Column("share", "Share of those that could", "ratio"),
    ),
    daily=True,
    reading="`installed` is the instance's first event ever; `started`, `connected` and `first call` are a start of "
    "the server, a client that connects and a tool call, from then to the end of the range; `second day` is "
    "any event on one of the six days after the first day, `second week` on one of the seven days after "
    "those. Each step counts on its own. A filter by version or provider selects instances by what they had "
    "on their first day.",
)
TOOL_SEQUENCES = ChartSpec(
    "tool-sequences",
    "Tool sequences",
    "Which tool is called after which?",
    (
        Column("tool", "Tool"),
        Column("next_tool", "Tool of the next call"),
        Column("times", "How often", "calls"),
        _INSTANCES,
        Column("share", "Share of the calls after this tool", "ratio"),
        _FIRST_DAY,
        Column(
            "sample", "Share of instances that are counted: less than 1 where there are over 200,000 calls", "ratio"
        ),
    ),
    daily=True,
    sampled=True,
    by_instance=("tool",),
    reading="Counts each call of an instance with its next call on the same UTC day, over all of its clients; calls "
    "of one second are ordered by the tool's name. The 1,000 most frequent pairs are shown. Of more than "
    "200,000 calls, those of a sample of the instances are read, chosen by their hash.",
)
TOOL_PAIRS = ChartSpec(
    "tool-pairs",
    "Tools used together",
    "Which tools do the same instances use?",
    (
        Column("tool", "Tool"),
        Column("with_tool", "Other tool"),
        Column("instances", "Instances that call both", "instances"),
        Column("share", "Share of all calling instances", "ratio"),
        Column("lift", "How many times more than if the tools were independent: 1 is chance", "times"),
    ),
    daily=True,
    by_instance=("tool",),
    reading="Counts the instances that call both tools in the range, on the same day or not, for the 50 tools of "
    "most instances. Each pair has one row.",
)
CONCENTRATION = ChartSpec(
    "concentration",
    "Concentration",
    "Do a few instances make most of the calls?",
    (
        Column("tenth", "Tenth of the instances: 1 is the one with most calls", "tenth"),
        _INSTANCES,
        Column("calls", "Calls", "calls"),
        Column("share", "Share of all calls", "ratio"),
        Column("cumulative_share", "Share of this tenth and those before it", "ratio"),
        _FIRST_DAY,
    ),
    daily=True,
    reading="Calling instances are ordered by their calls and cut into tenths, each rounded up: the top tenth of "
    "fifteen instances is two. Calls of ephemeral instances are left out.",
)
RELEASE_ADOPTION = ChartSpec(
    "release-adoption",
    "Time to half of the instances",
    "How long does a release take to half of the instances?",
    (
        Column("product_version", "Version"),
        Column("released", "First seen", DAY_UNIT),
        Column("instances", "Instances in the range", "instances"),
        Column("half_day", "First day with half of the instances; none if there was none in the range", DAY_UNIT),
        Column("days", "Days from the first to that", "days"),
        Column("highest_share", "Largest share of a day's instances so far", "ratio"),
    ),
    daily=True,
    unfiltered=("product_version",),
    reading="Counts, for each version first seen in the range, from its first day to the first on which at least "
    "half of the instances of that day ran it or a version first seen later. An instance that runs several "
    "versions on a day counts with the latest. Versions of the very first day of the data are left out, "
    "since they are older. The 50 versions of most instances are shown.",
)
LAST_MET = ChartSpec(
    "last-met",
    "What lost instances met last",
    "What did instances meet last that never came back?",
    (
        Column("dimension", "What they met: tool, error_type, or version", WORD_UNIT),
        Column("value", "Its value; none for instances that met none"),
        _INSTANCES,
        Column("of_instances", "Lost instances", "instances"),
        Column("share", "Share of those", "ratio"),
    ),
    daily=True,
    reading="Counts instances whose last event ever lies in the range, with 14 to 44 days of the range after its day. "
    "What they met are the tool of their last call, the class of their last error and the version of their last "
    "event, of those in the last 45 days of the range. A filter by version or provider selects instances by what they "
    "had on their last day.",
)
WEEKLY_INSTANCES = ChartSpec(
    "weekly-instances",
    "New, returning and lost instances",
    "Is the growth real?",
    (
        Column("week", "Week of", DAY_UNIT),
        Column("instances", "Instances of the week", "instances"),
        Column("new", "Of those, first seen in this week", "instances"),
        Column("returning", "Of those, seen in an earlier week", "instances"),
        Column("lost", "Seen in the week before and not in this one; none for a week that isn't over", "instances"),
    ),
    daily=True,
    reading="Counts the instances of each week that the range touches. Weeks begin on Monday and count whole.",
)

BEHAVIOUR = (
    ACTIVATION,
    TOOL_SEQUENCES,
    TOOL_PAIRS,
    CONCENTRATION,
    RELEASE_ADOPTION,
    LAST_MET,
    WEEKLY_INSTANCES,
)
