-- Instances by the week of their first event (weeks begin on Monday), and how many of them were active k weeks later.
-- Every week up to the end of the range has a row, even if no instance came back.
WITH masks AS (
    SELECT block, instance, bit_or(mask) AS mask FROM history GROUP BY ALL
),
weeks AS (
    SELECT instance, block * 8 + k AS week FROM masks, range(8) r(k) WHERE (mask >> (7 * k)) & 127 <> 0
),
firsts AS (
    SELECT instance, min(week) AS cohort FROM weeks GROUP BY instance
),
sizes AS (
    SELECT cohort, count(*) AS size FROM firsts
    WHERE cohort BETWEEN ($first_day + 3) // 7 AND ($last_day + 2) // 7
    GROUP BY cohort
),
active AS (
    SELECT cohort, week, count(*) AS instances FROM weeks JOIN firsts USING (instance) GROUP BY cohort, week
),
cells AS (
    SELECT cohort, size, w.week
    FROM sizes, range((SELECT min(cohort) FROM sizes), ($last_day + 2) // 7 + 1) w(week)
    WHERE w.week >= cohort
)
SELECT
    cohort * 7 - 3 AS cohort,
    week - cohort AS week,
    coalesce(instances, 0) AS instances,
    size,
    coalesce(instances, 0) / size AS share
FROM cells
LEFT JOIN active USING (cohort, week)
ORDER BY cohort, week
