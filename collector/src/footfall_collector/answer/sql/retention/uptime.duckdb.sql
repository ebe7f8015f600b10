-- Server processes by uptime at their end, and the percentiles of all of them (see tools/tool-duration).
WITH counts AS (
    SELECT uptime_seconds, sum(n)::BIGINT AS n FROM uptimes GROUP BY uptime_seconds
),
ranked AS (
    SELECT
        uptime_seconds,
        sum(n) OVER (ORDER BY uptime_seconds)::BIGINT AS upto,
        sum(n) OVER ()::BIGINT AS total
    FROM counts
),
around AS (
    SELECT
        any_value(total) AS total,
        min(uptime_seconds) FILTER (upto > (total - 1) * 50 // 100) AS low50,
        min(uptime_seconds) FILTER (upto > ((total - 1) * 50 + 99) // 100) AS high50,
        min(uptime_seconds) FILTER (upto > (total - 1) * 95 // 100) AS low95,
        min(uptime_seconds) FILTER (upto > ((total - 1) * 95 + 99) // 100) AS high95
    FROM ranked
),
steps (uptime, from_seconds, to_seconds) AS (
    VALUES
        ('under 10 s', 0::DOUBLE, 10::DOUBLE),
        ('10 s – 1 min', 10, 60),
        ('1 – 10 min', 60, 600),
        ('10 – 60 min', 600, 3600),
        ('1 – 6 h', 3600, 21600),
        ('6 – 24 h', 21600, 86400),
        ('1 – 7 d', 86400, 604800),
        ('7 d and more', 604800, NULL)
)
SELECT
    uptime,
    from_seconds,
    to_seconds,
    coalesce(sum(n), 0)::BIGINT AS sessions,
    coalesce(sum(n), 0) / any_value(total) AS share,
    any_value(low50 + (high50 - low50) * ((total - 1) * 50 % 100)::DOUBLE / 100::DOUBLE) AS p50_seconds,
    any_value(low95 + (high95 - low95) * ((total - 1) * 95 % 100)::DOUBLE / 100::DOUBLE) AS p95_seconds
FROM steps
CROSS JOIN around
LEFT JOIN counts ON uptime_seconds >= from_seconds AND (to_seconds IS NULL OR uptime_seconds < to_seconds)
WHERE total > 0
GROUP BY uptime, from_seconds, to_seconds
ORDER BY from_seconds
