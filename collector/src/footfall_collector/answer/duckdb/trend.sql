-- Calls, errors and the median duration by day, by hour where the range is short (the median as in tool-duration.sql).
WITH counts AS (
    SELECT at, duration_ms, sum(n)::BIGINT AS n FROM tool_durations GROUP BY at, duration_ms
),
ranked AS (
    SELECT
        at,
        duration_ms,
        sum(n) OVER (PARTITION BY at ORDER BY duration_ms)::BIGINT AS upto,
        sum(n) OVER (PARTITION BY at)::BIGINT AS total
    FROM counts
),
medians AS (
    SELECT
        at,
        (min(duration_ms) FILTER (upto > (total - 1) // 2) + min(duration_ms) FILTER (upto > total // 2)) / 2 AS p50_ms
    FROM ranked
    GROUP BY at
)
SELECT at, c.calls, c.errors, p50_ms
FROM (SELECT at, sum(calls)::BIGINT AS calls, sum(errors)::BIGINT AS errors FROM tool_calls GROUP BY at) c
LEFT JOIN medians USING (at)
ORDER BY at
