-- Pairs of successive calls of an instance on one day. Instances are sampled by their hash, so that the cost is bounded.
WITH bounds AS (
    SELECT greatest(1, ceil(coalesce(sum(calls), 0) / 200000))::BIGINT AS one_in
    FROM tool_calls
    WHERE moment >= ($last_day - 31) * 86400
),
ordered AS (
    SELECT
        instance,
        tool,
        lead(tool) OVER (PARTITION BY instance, ts // 86400 ORDER BY ts, tool) AS next_tool
    FROM recent_calls
    WHERE ts >= ($last_day - 31) * 86400 AND instance % (SELECT one_in FROM bounds) = 0
)
SELECT
    tool,
    next_tool,
    count(*) AS times,
    count(DISTINCT instance) AS instances,
    count(*) / sum(count(*)) OVER (PARTITION BY tool) AS share,
    greatest($first_day, $last_day - 31) AS first_day,
    1 / (SELECT one_in FROM bounds) AS sample
FROM ordered
WHERE next_tool IS NOT NULL
GROUP BY tool, next_tool
ORDER BY times DESC, tool, next_tool
LIMIT 1000
