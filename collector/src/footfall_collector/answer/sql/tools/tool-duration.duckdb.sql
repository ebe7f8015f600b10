-- Percentiles over value -> count. The p-th of n sorted values is at position p * (n - 1), counted from 0, and is
-- interpolated between two values (ClickHouse's quantileExactInclusive, NumPy's default). Integer arithmetic keeps the
-- position exact.
WITH counts AS (
    SELECT tool, duration_ms, sum(n)::BIGINT AS n FROM tool_durations GROUP BY tool, duration_ms
),
ranked AS (
    SELECT
        tool,
        duration_ms,
        sum(n) OVER (PARTITION BY tool ORDER BY duration_ms)::BIGINT AS upto,
        sum(n) OVER (PARTITION BY tool)::BIGINT AS total
    FROM counts
),
around AS (
    SELECT
        tool,
        any_value(total) AS total,
        min(duration_ms) FILTER (upto > (total - 1) * 50 // 100) AS low50,
        min(duration_ms) FILTER (upto > ((total - 1) * 50 + 99) // 100) AS high50,
        min(duration_ms) FILTER (upto > (total - 1) * 95 // 100) AS low95,
        min(duration_ms) FILTER (upto > ((total - 1) * 95 + 99) // 100) AS high95,
        min(duration_ms) FILTER (upto > (total - 1) * 99 // 100) AS low99,
        min(duration_ms) FILTER (upto > ((total - 1) * 99 + 99) // 100) AS high99
    FROM ranked
    GROUP BY tool
)
SELECT
    tool,
    total AS calls,
    low50 + (high50 - low50) * ((total - 1) * 50 % 100)::DOUBLE / 100::DOUBLE AS p50_ms,
    low95 + (high95 - low95) * ((total - 1) * 95 % 100)::DOUBLE / 100::DOUBLE AS p95_ms,
    low99 + (high99 - low99) * ((total - 1) * 99 % 100)::DOUBLE / 100::DOUBLE AS p99_ms
FROM around
ORDER BY calls DESC, tool
