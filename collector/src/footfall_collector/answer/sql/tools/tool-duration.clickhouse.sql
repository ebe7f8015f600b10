-- Percentiles over value -> count. The p-th of n sorted values is at position p * (n - 1), counted from 0, and is
-- interpolated between two values. Integer arithmetic keeps the position exact.
SELECT
    tool,
    total AS calls,
    low50 + (high50 - low50) * ((total - 1) * 50 % 100) / 100 AS p50_ms,
    low95 + (high95 - low95) * ((total - 1) * 95 % 100) / 100 AS p95_ms,
    low99 + (high99 - low99) * ((total - 1) * 99 % 100) / 100 AS p99_ms
FROM (
    SELECT
        tool,
        total,
        arrayElement(vals, arrayFirstIndex(u -> u > intDiv((total - 1) * 50, 100), upto)) AS low50,
        arrayElement(vals, arrayFirstIndex(u -> u > intDiv((total - 1) * 50 + 99, 100), upto)) AS high50,
        arrayElement(vals, arrayFirstIndex(u -> u > intDiv((total - 1) * 95, 100), upto)) AS low95,
        arrayElement(vals, arrayFirstIndex(u -> u > intDiv((total - 1) * 95 + 99, 100), upto)) AS high95,
        arrayElement(vals, arrayFirstIndex(u -> u > intDiv((total - 1) * 99, 100), upto)) AS low99,
        arrayElement(vals, arrayFirstIndex(u -> u > intDiv((total - 1) * 99 + 99, 100), upto)) AS high99
    FROM (
        SELECT
            tool,
            arraySort(groupArray((duration_ms, c))) AS pairs,
            arrayMap(p -> p.1, pairs) AS vals,
            arrayCumSum(arrayMap(p -> p.2, pairs)) AS upto,
            sum(c) AS total
        FROM (SELECT tool, duration_ms, sum(n) AS c FROM tool_durations GROUP BY tool, duration_ms HAVING c > 0)
        GROUP BY tool
    )
)
ORDER BY calls DESC, tool
