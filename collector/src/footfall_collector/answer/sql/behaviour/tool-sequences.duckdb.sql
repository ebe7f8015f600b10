-- Pairs of successive calls of an instance on one day. Instances are sampled by their hash, so that the cost is bounded.
WITH ordered AS (
    SELECT
        instance,
        tool,
        lead(tool) OVER (PARTITION BY instance, ts // 86400 ORDER BY ts, tool) AS next_tool
    FROM recent_calls
    WHERE ts >= ($last_day - 31) * 86400 AND instance % $one_in::UBIGINT = 0
)
SELECT
    tool,
    next_tool,
    count(*) AS times,
    count(DISTINCT instance) AS instances,
    count(*) / sum(count(*)) OVER (PARTITION BY tool) AS share,
    greatest($first_day, $last_day - 31) AS first_day,
    1 / $one_in AS sample
FROM ordered
WHERE next_tool IS NOT NULL
GROUP BY tool, next_tool
ORDER BY times DESC, tool, next_tool
LIMIT 1000
