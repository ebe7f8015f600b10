-- Distinct instances of each day and of the seven days that end with it, and instances seen for the first time. Bit k
-- of a mask is day k of its block of 56 days. The mask is extended by the six days before its block; OR-ing it with
-- itself shifted right by zero to six gives, for each day, whether any of the seven days was active.
WITH masks AS (
    SELECT block, instance, bit_or(mask) AS mask FROM history GROUP BY ALL
),
joined AS (
    SELECT block, instance, bit_or(mask) AS mask, bit_or(before) AS before
    FROM (
        SELECT block, instance, mask, 0::BIGINT AS before FROM masks
        UNION ALL
        SELECT block + 1, instance, 0::BIGINT, mask >> 50 FROM masks WHERE mask >> 50 <> 0
    )
    GROUP BY ALL
),
spread AS (
    SELECT block, mask, (mask << 6) | before AS w FROM joined
    WHERE block BETWEEN $first_block AND $last_block
),
spread2 AS (SELECT block, mask, w | (w >> 1) AS w FROM spread),
spread4 AS (SELECT block, mask, w | (w >> 2) AS w FROM spread2),
spread7 AS (SELECT block, mask, w | (w >> 3) AS w FROM spread4),
days AS (
    SELECT
        block * 56 - 3 + k AS day,
        sum((mask >> k) & 1)::BIGINT AS daily,
        sum((w >> k) & 1)::BIGINT AS weekly
    FROM spread7, range(56) r(k)
    GROUP BY ALL
),
firsts AS (
    SELECT min(block * 56 - 3 + bit_count((mask & -mask) - 1)) AS day FROM masks GROUP BY instance
),
news AS (
    SELECT day, count(*) AS new FROM firsts GROUP BY day
),
calendar AS (
    SELECT d.day FROM range($first_day, $last_day) d(day) WHERE d.day >= (SELECT min(day) FROM firsts)
)
SELECT
    day,
    coalesce(daily, 0) AS daily,
    coalesce(weekly, 0) AS weekly,
    coalesce(new, 0) AS new,
    coalesce(daily, 0) - coalesce(new, 0) AS returning
FROM calendar
LEFT JOIN days USING (day)
LEFT JOIN news USING (day)
ORDER BY day
