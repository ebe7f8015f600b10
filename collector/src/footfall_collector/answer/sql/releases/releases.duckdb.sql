-- Every version in the range: its first day, distinct instances, calls and errors, and the established ones of its
-- instances.
WITH seen AS (
    SELECT
        product_version,
        min(block * 56 - 3 + bit_count((mask & -mask) - 1)) AS first_seen,
        count(DISTINCT instance) AS instances,
        count(DISTINCT instance) FILTER (established) AS established
    FROM presence
    LEFT JOIN standing USING (instance)
    GROUP BY product_version
),
called AS (
    SELECT product_version, min(moment // 86400) AS first_call, sum(calls)::BIGINT AS calls, sum(errors)::BIGINT AS errors
    FROM tool_calls
    GROUP BY product_version
)
SELECT
    product_version,
    least(first_seen, first_call) AS first_seen,
    coalesce(instances, 0) AS instances,
    coalesce(calls, 0) AS calls,
    coalesce(errors, 0) AS errors,
    errors / calls AS error_rate,
    coalesce(established, 0) AS established
FROM seen
FULL JOIN called USING (product_version)
ORDER BY first_seen, product_version
