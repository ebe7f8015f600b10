-- For each version first seen in the range, the days until half of a day's instances ran it or a later one. A day's
-- instance counts with the latest of the versions that it ran on that day. An unknown version is older than all others.
WITH firsts AS (
    SELECT product_version, min(block * 56 - 3 + bit_count((mask & -mask) - 1)) AS day
    FROM history WHERE mask <> 0 GROUP BY product_version
),
known AS (
    SELECT product_version, CASE WHEN product_version IN ('', 'other') THEN -1 ELSE day END AS day FROM firsts
),
masks AS (
    SELECT block, instance, product_version, bit_or(mask) AS mask FROM presence GROUP BY ALL
),
latest AS (
    SELECT block * 56 - 3 + k AS day, instance, max(known.day) AS version_day
    FROM masks JOIN known USING (product_version), range(56) r(k)
    WHERE (mask >> k) & 1 = 1
    GROUP BY ALL
),
daily AS (
    SELECT day, version_day, count(*) AS n FROM latest GROUP BY ALL
),
versions AS (
    SELECT product_version, any_value(day) AS day, count(DISTINCT instance) AS instances
    FROM masks JOIN known USING (product_version)
    WHERE day >= $first_day AND day > (SELECT min(day) FROM firsts)
    GROUP BY product_version
    ORDER BY instances DESC, product_version
    LIMIT 50
),
shares AS (
    SELECT
        v.product_version,
        v.day AS released,
        v.instances,
        d.day,
        coalesce(sum(n) FILTER (version_day >= v.day), 0)::BIGINT AS running,
        sum(n)::BIGINT AS active
    FROM versions v JOIN daily d ON d.day >= v.day
    GROUP BY ALL
)
SELECT
    product_version,
    released,
    instances,
    min(day) FILTER (2 * running >= active) AS half_day,
    min(day) FILTER (2 * running >= active) - released AS days,
    max(running / active) AS highest_share
FROM shares
GROUP BY product_version, released, instances
ORDER BY released, product_version
