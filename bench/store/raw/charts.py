"""The fourteen charts in SQL over raw events, for engines without roll-ups.

One text for all engines, with their differences in braces: `{day}` the number of the UTC day, `{week}` of
the Monday week (week 0 began on 1969-12-29), `{minor}` the minor Kubernetes version, `{p50_ms}` and so on percentiles
between the two nearest values. `{seen}` is the condition of every chart: one product, 90 days, nothing internal.
"""

from dataclasses import dataclass

from tests.oracle.world import DAY

_DISTINCT = "count(DISTINCT CASE WHEN instance_kind <> 'ephemeral' THEN instance END)"

CHARTS = {
    "tool-usage": """
        SELECT coalesce(tool, '') AS name, count(*) AS calls, {instances} AS instances
        FROM events WHERE {seen} AND event = 'tool_executed' GROUP BY name""",
    "tool-errors": """
        SELECT coalesce(tool, '') AS name, count(*) AS calls, sum(CASE WHEN success THEN 0 ELSE 1 END) AS errors
        FROM events WHERE {seen} AND event = 'tool_executed' GROUP BY name""",
    "tool-duration": """
        SELECT coalesce(tool, '') AS name, count(*) AS calls, {p50_ms}, {p95_ms}, {p99_ms}
        FROM events WHERE {seen} AND event = 'tool_executed' AND duration_ms IS NOT NULL GROUP BY name""",
    "error-types": """
        SELECT coalesce(tool, '') AS name, coalesce(error_type, '') AS type, count(*) AS errors,
            {instances} AS instances
        FROM events WHERE {seen} AND event = 'tool_error' GROUP BY name, type""",
    "ai-providers": """
        SELECT coalesce(ai_provider, '') AS name, {instances} AS instances,
            sum(CASE WHEN event = 'tool_executed' THEN 1 ELSE 0 END) AS calls
        FROM events WHERE {seen} GROUP BY name""",
    "mcp-clients": """
        SELECT c.name, c.client_version, c.connections, c.instances, coalesce(t.calls, 0) AS calls
        FROM (
            SELECT coalesce(mcp_client, '') AS name, coalesce(mcp_client_version, '') AS client_version,
                count(*) AS connections, {instances} AS instances
            FROM events WHERE {seen} AND event = 'client_connected' GROUP BY name, client_version
        ) c LEFT JOIN (
            SELECT coalesce(mcp_client, '') AS name, count(*) AS calls
            FROM events WHERE {seen} AND event = 'tool_executed' GROUP BY name
        ) t ON c.name = t.name""",
    "transports": """
        SELECT coalesce(transport, '') AS name, count(*) AS connections, {instances} AS instances
        FROM events WHERE {seen} AND event = 'client_connected' GROUP BY name""",
    "kubernetes-versions": """
        SELECT {minor} AS name, {instances} AS instances, count(*) AS starts
        FROM events WHERE {seen} AND event = 'server_started' GROUP BY name""",
    "deployment-methods": """
        SELECT coalesce(deployment_method, '') AS name, {instances} AS instances, count(*) AS starts
        FROM events WHERE {seen} AND event = 'server_started' GROUP BY name""",
    "versions": """
        SELECT {day} AS day, coalesce(product_version, '') AS name, {instances} AS instances,
            sum(CASE WHEN event = 'tool_executed' THEN 1 ELSE 0 END) AS calls,
            sum(CASE WHEN event = 'tool_executed' AND NOT success THEN 1 ELSE 0 END) AS errors
        FROM events WHERE {seen} GROUP BY day, name""",
    "active-instances": """
        SELECT a.day + k.k AS upto, count(DISTINCT CASE WHEN k.k = 0 THEN a.instance END) AS daily,
            count(DISTINCT a.instance) AS weekly
        FROM (
            SELECT DISTINCT {day} AS day, instance FROM events WHERE {known} AND instance_kind <> 'ephemeral'
        ) a CROSS JOIN (
            SELECT 0 AS k UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4
            UNION ALL SELECT 5 UNION ALL SELECT 6
        ) k
        WHERE a.day + k.k >= {first_day} AND a.day + k.k < {last_day} GROUP BY upto""",
    "retention": """
        SELECT f.cohort, w.week - f.cohort AS week, count(*) AS instances
        FROM (
            SELECT DISTINCT {week} AS week, instance FROM events WHERE {known} AND instance_kind <> 'ephemeral'
        ) w JOIN (
            SELECT instance, min({week}) AS cohort FROM events
            WHERE {known} AND instance_kind <> 'ephemeral' GROUP BY instance
        ) f ON w.instance = f.instance
        WHERE f.cohort >= {first_week} GROUP BY f.cohort, w.week""",
    "uptime": """
        SELECT count(*) AS sessions, {p50_up}, {p95_up},
            sum(CASE WHEN uptime_seconds < 10 THEN 1 ELSE 0 END) AS shortest
        FROM events WHERE {seen} AND event = 'server_stopped' AND uptime_seconds IS NOT NULL""",
    "events": """
        SELECT {day} AS day, event, count(*) AS n FROM events WHERE {seen} GROUP BY day, event""",
}


@dataclass(frozen=True)
class Dialect:
    """An engine's spelling. `divided` and `percentile` are templates of two arguments."""

    divided: str
    percentile: str
    minor: str

    def sql(self, chart: str, start: int, end: int) -> str:
        """A chart's SQL for the range from `start` to before `end`, epoch seconds."""
        day, last = f"({self.divided.format('ts', DAY)})", end // DAY
        known = "product = 'dot-ai' AND coalesce(is_internal, false) = false"
        spelled = {
            "instances": _DISTINCT,
            "known": known,
            "seen": f"{known} AND ts >= {start} AND ts < {end}",
            "day": day,
            "week": f"({self.divided.format(f'({day} + 3)', 7)})",
            "minor": self.minor,
            "first_day": start // DAY,
            "last_day": last,
            "first_week": (start // DAY + 3) // 7,
        }
        for percent in (50, 95, 99):
            spelled[f"p{percent}_ms"] = self.percentile.format("duration_ms", percent / 100)
            spelled[f"p{percent}_up"] = self.percentile.format("uptime_seconds", percent / 100)
        return CHARTS[chart].format(**spelled)


DUCKDB = Dialect("{} // {}", "quantile_cont({}, {})", "regexp_extract(coalesce(k8s_version, ''), '^[0-9]+[.][0-9]+')")
POSTGRESQL = Dialect(
    "{} / {}",
    "percentile_cont({1}) WITHIN GROUP (ORDER BY {0})",
    "coalesce(substring(k8s_version from '^[0-9]+[.][0-9]+'), '')",
)
CLICKHOUSE = Dialect(
    "intDiv({}, {})",
    "quantileExactInclusive({1})({0})",
    "extract(coalesce(k8s_version, ''), '^[0-9]+[.][0-9]+')",
)
