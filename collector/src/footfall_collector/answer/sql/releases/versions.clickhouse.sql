-- Each day's instances, calls and errors by version. Bit k of a mask is day k of its block of 56 days, which
-- begins on a Monday; day -3 is a Monday.
SELECT day, product_version, sum(i) AS instances, sum(c) AS calls, sum(e) AS errors
FROM (
    SELECT
        toInt64(block) * 56 - 3 + k AS day,
        product_version,
        toInt64(sum(bitAnd(bitShiftRight(m, k), 1))) AS i,
        toInt64(0) AS c,
        toInt64(0) AS e
    FROM (SELECT block, product_version, instance, groupBitOr(mask) AS m FROM presence GROUP BY block, product_version, instance)
    ARRAY JOIN range(56) AS k
    GROUP BY day, product_version
    UNION ALL
    SELECT intDiv(moment, 86400) AS day, product_version, toInt64(0) AS i, sum(calls) AS c, sum(errors) AS e
    FROM tool_calls
    GROUP BY day, product_version
)
GROUP BY day, product_version
HAVING instances > 0 OR calls > 0
ORDER BY day, product_version
