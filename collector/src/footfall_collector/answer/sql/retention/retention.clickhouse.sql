-- Instances by the week of their first event (weeks begin on Monday), and how many of them were active k weeks later.
-- Every week up to the end of the range has a row, even if no instance came back.
SELECT
    first_week * 7 - 3 AS cohort,
    later AS week,
    toInt64(countEqual(all_weeks, first_week + later)) AS instances,
    size,
    instances / size AS share
FROM (
    SELECT first_week, toInt64(count()) AS size, groupArrayArray(weeks) AS all_weeks
    FROM (
        SELECT instance, groupUniqArray(week) AS weeks, min(week) AS first_week
        FROM (
            SELECT instance, toInt64(block) * 8 + toInt64(k) AS week
            FROM history
            ARRAY JOIN range(8) AS k
            WHERE bitAnd(bitShiftRight(mask, 7 * k), 127) <> 0
        )
        GROUP BY instance
    )
    WHERE first_week BETWEEN intDiv($first_day + 3, 7) AND intDiv($last_day + 2, 7)
    GROUP BY first_week
)
ARRAY JOIN arrayMap(i -> toInt64(i), range(toUInt64(intDiv($last_day + 2, 7) + 1 - first_week))) AS later
ORDER BY cohort, week
