-- The whole range in one row: `instances` sent any event, `callers` made tool calls.
SELECT sum(c) AS calls, sum(e) AS errors, sum(i) AS instances, sum(r) AS callers, max(median) AS p50_ms
FROM (
    SELECT sum(calls) AS c, sum(errors) AS e, toInt64(0) AS i, toInt64(0) AS r, CAST(NULL AS Nullable(Float64)) AS median
    FROM tool_calls
    UNION ALL
    SELECT toInt64(0) AS c, toInt64(0) AS e, toInt64(uniqExact(instance)) AS i, toInt64(0) AS r, NULL AS median FROM presence
    UNION ALL
    SELECT toInt64(0) AS c, toInt64(0) AS e, toInt64(0) AS i, toInt64(uniqExact(instance)) AS r, NULL AS median
    FROM tool_instances
    UNION ALL
    SELECT
        toInt64(0) AS c,
        toInt64(0) AS e,
        toInt64(0) AS i,
        toInt64(0) AS r,
        toNullable((
            arrayElement(vals, arrayFirstIndex(u -> u > intDiv(total - 1, 2), upto))
            + arrayElement(vals, arrayFirstIndex(u -> u > intDiv(total, 2), upto))
        ) / 2) AS median
    FROM (
        SELECT
            arraySort(groupArray((duration_ms, k))) AS pairs,
            arrayMap(p -> p.1, pairs) AS vals,
            arrayCumSum(arrayMap(p -> p.2, pairs)) AS upto,
            sum(k) AS total
        FROM (SELECT duration_ms, sum(n) AS k FROM tool_durations GROUP BY duration_ms HAVING k > 0)
    )
    WHERE total > 0
)
