-- Instances of each week (weeks begin on Monday): those first seen in it, the others, and those of the week before that
-- are missing. Whether the week is over is known where the range reaches its end.
WITH masks AS (
    SELECT block, instance, bit_or(mask) AS mask FROM history GROUP BY ALL
),
weeks AS (
    SELECT instance, block * 8 + k AS week FROM masks, range(8) r(k) WHERE (mask >> (7 * k)) & 127 <> 0
),
steps AS (
    SELECT
        week,
        lag(week) OVER (PARTITION BY instance ORDER BY week) AS earlier,
        lead(week) OVER (PARTITION BY instance ORDER BY week) AS later
    FROM weeks
),
counts AS (
    SELECT week, count(*) AS instances, count(*) FILTER (earlier IS NULL) AS new FROM steps GROUP BY week
),
losses AS (
    SELECT week + 1 AS week, count(*) AS lost FROM steps WHERE later IS DISTINCT FROM week + 1 GROUP BY week
),
calendar AS (
    SELECT c.week FROM range(($first_day + 3) // 7, ($last_day + 2) // 7 + 1) c(week)
    WHERE c.week >= (SELECT min(week) FROM weeks)
)
SELECT
    week * 7 - 3 AS monday,
    coalesce(instances, 0) AS instances,
    coalesce(new, 0) AS new,
    coalesce(instances, 0) - coalesce(new, 0) AS returning,
    CASE WHEN week * 7 + 4 <= $last_day THEN coalesce(lost, 0) END AS lost
FROM calendar
LEFT JOIN counts USING (week)
LEFT JOIN losses USING (week)
ORDER BY week
