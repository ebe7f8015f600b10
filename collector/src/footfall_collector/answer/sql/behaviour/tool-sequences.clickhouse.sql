-- Pairs of successive calls of an instance on one day. Instances are sampled by their hash, so that the cost is bounded.
SELECT
    tool,
    pair.1 AS next_tool,
    pair.2 AS times,
    pair.3 AS instances,
    times / total AS share,
    toInt64(greatest($first_day, $last_day - 31)) AS first_day,
    1 / $one_in AS sample
FROM (
    SELECT tool, sum(n) AS total, groupArray((following, n, i)) AS pairs
    FROM (
        SELECT step.1 AS tool, step.2 AS following, toInt64(count()) AS n, toInt64(uniqExact(instance)) AS i
        FROM (
            SELECT
                instance,
                arrayMap(c -> c.2, arraySort(groupArray((ts, toString(tool))))) AS tools,
                arrayMap((a, b) -> (a, b), arrayPopBack(tools), arrayPopFront(tools)) AS steps
            FROM recent_calls
            WHERE ts >= ($last_day - 31) * 86400 AND modulo(instance, $one_in) = 0
            GROUP BY instance, intDiv(ts, 86400)
        )
        ARRAY JOIN steps AS step
        GROUP BY tool, following
    )
    GROUP BY tool
)
ARRAY JOIN pairs AS pair
ORDER BY times DESC, tool, next_tool
LIMIT 1000
