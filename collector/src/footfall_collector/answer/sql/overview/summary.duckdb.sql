-- The whole range in one row: `instances` sent any event, `callers` made tool calls.
WITH counts AS (
    SELECT duration_ms, sum(n)::BIGINT AS n FROM tool_durations GROUP BY duration_ms
),
ranked AS (
    SELECT duration_ms, sum(n) OVER (ORDER BY duration_ms)::BIGINT AS upto, sum(n) OVER ()::BIGINT AS total FROM counts
),
called AS (
    SELECT coalesce(sum(calls), 0)::BIGINT AS calls, coalesce(sum(errors), 0)::BIGINT AS errors FROM tool_calls
)
SELECT
    calls,
    errors,
    (SELECT count(DISTINCT instance) FROM presence) AS instances,
    (SELECT count(DISTINCT instance) FROM tool_instances) AS callers,
    (SELECT (min(duration_ms) FILTER (upto > (total - 1) // 2) + min(duration_ms) FILTER (upto > total // 2)) / 2 FROM ranked)
        AS p50_ms
FROM called
