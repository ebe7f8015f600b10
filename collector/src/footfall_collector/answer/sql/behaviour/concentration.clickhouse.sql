-- Calling instances in the order of their calls, in ten parts: the n-th of N is in part 10 (n - 1) // N + 1.
SELECT
    tenth,
    toInt64(count()) AS instances,
    toInt64(sum(row.1)) AS calls,
    calls / max(total) AS share,
    max(row.2) / max(total) AS cumulative_share,
    toInt64(greatest($first_day, $last_day - 31)) AS first_day
FROM (
    SELECT
        row,
        arraySum(counts) AS total,
        toInt64(intDiv((row.3 - 1) * 10, length(counts)) + 1) AS tenth
    FROM (
        SELECT arrayReverseSort(groupArray(n)) AS counts
        FROM (
            SELECT instance, toInt64(count()) AS n FROM recent_calls
            WHERE ts >= ($last_day - 31) * 86400
            GROUP BY instance
        )
    )
    ARRAY JOIN arrayMap((n, c, i) -> (n, c, i), counts, arrayCumSum(counts), arrayEnumerate(counts)) AS row
)
GROUP BY tenth
ORDER BY tenth
