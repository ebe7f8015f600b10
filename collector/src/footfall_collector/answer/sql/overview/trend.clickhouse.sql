-- Calls, errors and the median duration by day, or by hour in short ranges. For the median see tools/tool-duration.
SELECT moment, sum(c) AS calls, sum(e) AS errors, max(median) AS p50_ms
FROM (
    SELECT moment, sum(calls) AS c, sum(errors) AS e, CAST(NULL AS Nullable(Float64)) AS median
    FROM tool_calls GROUP BY moment
    UNION ALL
    SELECT
        moment,
        toInt64(0) AS c,
        toInt64(0) AS e,
        toNullable((
            arrayElement(vals, arrayFirstIndex(u -> u > intDiv(total - 1, 2), upto))
            + arrayElement(vals, arrayFirstIndex(u -> u > intDiv(total, 2), upto))
        ) / 2) AS median
    FROM (
        SELECT
            moment,
            arraySort(groupArray((duration_ms, k))) AS pairs,
            arrayMap(p -> p.1, pairs) AS vals,
            arrayCumSum(arrayMap(p -> p.2, pairs)) AS upto,
            sum(k) AS total
        FROM (SELECT moment, duration_ms, sum(n) AS k FROM tool_durations GROUP BY moment, duration_ms HAVING k > 0)
        GROUP BY moment
    )
    WHERE total > 0  -- old servers drop the column without this
)
GROUP BY moment
HAVING calls > 0
ORDER BY moment
