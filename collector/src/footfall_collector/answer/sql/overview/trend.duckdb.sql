-- Calls, errors and the median duration by day, or by hour in short ranges. For the median see tools/tool-duration.
WITH counts AS (
    SELECT moment, duration_ms, sum(n)::BIGINT AS n FROM tool_durations GROUP BY moment, duration_ms
),
ranked AS (
    SELECT
        moment,
        duration_ms,
        sum(n) OVER (PARTITION BY moment ORDER BY duration_ms)::BIGINT AS upto,
        sum(n) OVER (PARTITION BY moment)::BIGINT AS total
    FROM counts
),
medians AS (
    SELECT
        moment,
        (min(duration_ms) FILTER (upto > (total - 1) // 2) + min(duration_ms) FILTER (upto > total // 2)) / 2 AS p50_ms
    FROM ranked
    GROUP BY moment
),
called AS (
    SELECT moment, sum(calls)::BIGINT AS calls, sum(errors)::BIGINT AS errors FROM tool_calls GROUP BY moment
)
SELECT moment, calls, errors, p50_ms
FROM called
LEFT JOIN medians USING (moment)
ORDER BY moment
