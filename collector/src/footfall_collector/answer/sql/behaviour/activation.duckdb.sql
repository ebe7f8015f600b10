-- Instances that were first seen in the range, and the steps that they took up to its end. A row of a relation contains
-- an instance's first day if the lowest bit of its mask is that day.
WITH rows_seen AS (
    SELECT instance, block, mask, product_version, fits, block * 56 - 3 + bit_count((mask & -mask) - 1) AS low
    FROM lifetime WHERE mask <> 0
),
firsts AS (
    SELECT instance, min(low) AS day FROM rows_seen GROUP BY instance
),
cohort AS (
    SELECT DISTINCT instance, day FROM rows_seen JOIN firsts USING (instance)
    WHERE low = day AND fits AND day >= $first_day AND day < $last_day
),
masks AS (
    SELECT instance, block, bit_or(mask) AS mask FROM rows_seen SEMI JOIN cohort USING (instance) GROUP BY ALL
),
later AS (
    SELECT instance, bool_or(k < 7) AS second_day, bool_or(k >= 7) AS second_week
    FROM cohort JOIN masks USING (instance), range(1, 14) r(k)
    WHERE day + k < $last_day AND block = (day + k + 3) // 56 AND (mask >> ((day + k + 3) % 56)) & 1 = 1
    GROUP BY instance
),
starts_seen AS (
    SELECT instance, deployment_method, block * 56 - 3 + bit_count((mask & -mask) - 1) AS low
    FROM lifetime_starts WHERE mask <> 0
),
started AS (
    SELECT instance, min(low) AS start FROM starts_seen GROUP BY instance HAVING min(low) < $last_day
),
connected AS (
    SELECT instance FROM lifetime_connections WHERE mask <> 0
    GROUP BY instance HAVING min(block * 56 - 3 + bit_count((mask & -mask) - 1)) < $last_day
),
called AS (
    SELECT instance FROM lifetime_calls WHERE mask <> 0
    GROUP BY instance HAVING min(block * 56 - 3 + bit_count((mask & -mask) - 1)) < $last_day
),
steps AS (
    SELECT
        instance,
        day,
        unnest([1, 2, 3, 4, 5, 6]) AS number,
        unnest([
            true,
            instance IN (SELECT instance FROM started),
            instance IN (SELECT instance FROM connected),
            instance IN (SELECT instance FROM called),
            coalesce(second_day, false),
            coalesce(second_week, false)
        ]) AS reached,
        unnest([true, true, true, true, day + 7 <= $last_day, day + 14 <= $last_day]) AS counted
    FROM cohort
    LEFT JOIN later USING (instance)
),
groups AS (
    SELECT instance, 'all' AS dimension, '' AS value FROM cohort
    UNION ALL
    SELECT DISTINCT instance, 'version', product_version
    FROM rows_seen JOIN cohort USING (instance) WHERE low = day
    UNION ALL
    SELECT DISTINCT instance, 'deployment_method', coalesce(deployment_method, '')
    FROM cohort
    LEFT JOIN (SELECT instance, deployment_method FROM starts_seen JOIN started USING (instance) WHERE low = start)
        USING (instance)
)
SELECT
    dimension,
    value,
    ['installed', 'started', 'connected', 'first call', 'second day', 'second week'][number] AS step,
    count(*) FILTER (reached AND counted) AS instances,
    count(*) FILTER (counted) AS of_instances,
    CASE WHEN of_instances > 0 THEN instances / of_instances END AS share
FROM steps JOIN groups USING (instance)
GROUP BY dimension, value, number
ORDER BY dimension, value, number
