-- Each day's instances, calls and errors by version. Bit k of a mask is day k of its block of 56 days, which
-- begins on a Monday; day -3 is a Monday.
WITH masks AS (
    SELECT block, product_version, instance, bit_or(mask) AS mask FROM presence GROUP BY ALL
),
active AS (
    SELECT block * 56 - 3 + k AS day, product_version, sum((mask >> k) & 1)::BIGINT AS instances
    FROM masks, range(56) r(k)
    GROUP BY ALL
),
called AS (
    SELECT moment // 86400 AS day, product_version, sum(calls)::BIGINT AS calls, sum(errors)::BIGINT AS errors
    FROM tool_calls
    GROUP BY ALL
)
SELECT day, product_version, coalesce(instances, 0) AS instances, coalesce(calls, 0) AS calls, coalesce(errors, 0) AS errors
FROM (SELECT * FROM active WHERE instances > 0)
FULL JOIN called USING (day, product_version)
ORDER BY day, product_version
