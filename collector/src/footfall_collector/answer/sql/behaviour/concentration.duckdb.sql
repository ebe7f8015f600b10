-- Calling instances in the order of their calls, in ten parts: the n-th of N is in part 10 (n - 1) // N + 1.
WITH counted AS (
    SELECT instance, count(*) AS calls FROM recent_calls WHERE ts >= ($last_day - 31) * 86400 GROUP BY instance
),
ranked AS (
    SELECT calls, (row_number() OVER (ORDER BY calls DESC) - 1) * 10 // count(*) OVER () + 1 AS tenth FROM counted
)
SELECT
    tenth,
    count(*) AS instances,
    sum(calls)::BIGINT AS calls,
    sum(calls)::BIGINT / sum(sum(calls)::BIGINT) OVER () AS share,
    sum(sum(calls)::BIGINT) OVER (ORDER BY tenth) / sum(sum(calls)::BIGINT) OVER () AS cumulative_share,
    greatest($first_day, $last_day - 31) AS first_day
FROM ranked
GROUP BY tenth
ORDER BY tenth
