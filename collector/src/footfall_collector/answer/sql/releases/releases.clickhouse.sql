-- Every version in the range: its first day, distinct instances, calls and errors. The lowest bit of a mask is the
-- first active day of its block. `established` counts the established ones of the instances.
SELECT
    product_version,
    toInt64(min(first)) AS first_seen,
    sum(i) AS instances,
    sum(c) AS calls,
    sum(e) AS errors,
    if(calls = 0, NULL, errors / calls) AS error_rate,
    sum(s) AS established
FROM (
    SELECT
        product_version,
        min(toInt64(block) * 56 - 3 + toInt64(round(log2(bitAnd(mask, toUInt64(bitXor(mask, mask - 1))))))) AS first,
        toInt64(uniqExact(instance)) AS i,
        toInt64(0) AS c,
        toInt64(0) AS e,
        toInt64(0) AS s
    FROM presence
    GROUP BY product_version
    UNION ALL
    SELECT
        product_version,
        toInt64(1000000) AS first,
        toInt64(0) AS i,
        toInt64(0) AS c,
        toInt64(0) AS e,
        toInt64(uniqExact(instance)) AS s
    FROM presence
    WHERE instance IN (SELECT instance FROM standing WHERE established)
    GROUP BY product_version
    UNION ALL
    SELECT product_version, day AS first, toInt64(0) AS i, c, e, toInt64(0) AS s
    FROM (
        SELECT product_version, intDiv(moment, 86400) AS day, sum(calls) AS c, sum(errors) AS e
        FROM tool_calls
        GROUP BY product_version, day
    )
    WHERE c > 0
)
GROUP BY product_version
ORDER BY first_seen, product_version
