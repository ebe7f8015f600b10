-- Instances of each week (weeks begin on Monday): those first seen in it, the others, and those of the week before that
-- are missing. Whether the week is over is known where the range reaches its end.
SELECT
    week * 7 - 3 AS monday,
    sum(a) AS instances,
    sum(n) AS new,
    instances - new AS returning,
    if(week * 7 + 4 <= $last_day, sum(l), NULL) AS lost
FROM (
    SELECT step.1 AS week, step.2 AS a, step.3 AS n, step.4 AS l
    FROM (
        SELECT
            groupUniqArray(toInt64(block) * 8 + toInt64(k)) AS weeks,
            arrayReduce('min', weeks) AS first,
            arrayConcat(
                arrayMap(w -> (w, toInt64(1), toInt64(w = first), toInt64(0)), weeks),
                arrayMap(w -> (w + 1, toInt64(0), toInt64(0), toInt64(NOT has(weeks, w + 1))), weeks)
            ) AS steps
        FROM history
        ARRAY JOIN range(8) AS k
        WHERE bitAnd(bitShiftRight(mask, 7 * k), 127) <> 0
        GROUP BY instance
    )
    ARRAY JOIN steps AS step
    UNION ALL
    SELECT
        toInt64(arrayJoin(range(toUInt64(intDiv($last_day + 2, 7) + 1 - intDiv($first_day + 3, 7)))))
            + intDiv($first_day + 3, 7) AS week,
        toInt64(0) AS a, toInt64(0) AS n, toInt64(0) AS l
)
WHERE week BETWEEN intDiv($first_day + 3, 7) AND intDiv($last_day + 2, 7) AND week >= (
    SELECT if(count() = 0, 1000000, min(toInt64(block) * 8 + toInt64(k)))
    FROM history
    ARRAY JOIN range(8) AS k
    WHERE bitAnd(bitShiftRight(mask, 7 * k), 127) <> 0
)
GROUP BY week
ORDER BY week
