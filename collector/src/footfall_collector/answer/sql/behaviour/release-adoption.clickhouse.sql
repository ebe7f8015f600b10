-- For each version first seen in the range, the days until half of a day's instances ran it or a later one. A day's
-- instance counts with the latest of the versions that it ran on that day. An unknown version is older than all others.
SELECT
    product_version,
    released,
    instances,
    if(empty(days), NULL, arrayReduce('min', days)) AS half_day,
    half_day - released AS days_to_half,
    arrayReduce('max', shares) AS highest_share
FROM (
    SELECT
        version.1 AS product_version,
        version.2 AS released,
        version.3 AS instances,
        arrayFilter(d -> d.1 >= released, daily) AS since,
        arrayMap(d -> arraySum(arrayMap(c -> if(c.1 >= released, c.2, toInt64(0)), d.2)), since) AS running,
        arrayMap(d -> arraySum(arrayMap(c -> c.2, d.2)), since) AS active,
        arrayMap((r, a) -> r / a, running, active) AS shares,
        arrayMap(d -> d.1, arrayFilter((d, r, a) -> 2 * r >= a, since, running, active)) AS days
    FROM (
        SELECT
            daily,
            arrayJoin((
                SELECT groupArray((name, first, n))
                FROM (
                    SELECT
                        name,
                        min(low) AS first,
                        toInt64(uniqExactIf(instance, ranged = 1)) AS n
                    FROM (
                        SELECT toString(product_version) AS name, instance, toUInt8(1) AS ranged, toInt64(1000000) AS low
                        FROM presence
                        UNION ALL
                        SELECT
                            toString(product_version) AS name, instance, toUInt8(0) AS ranged,
                            toInt64(block) * 56 - 3
                                + toInt64(round(log2(bitAnd(mask, toUInt64(bitXor(mask, mask - 1)))))) AS low
                        FROM history
                        WHERE mask > 0
                    )
                    WHERE name NOT IN ('', 'other')
                    GROUP BY name
                    HAVING n > 0 AND first >= $first_day AND first > (
                        SELECT min(toInt64(block) * 56 - 3
                            + toInt64(round(log2(bitAnd(mask, toUInt64(bitXor(mask, mask - 1)))))))
                        FROM history
                        WHERE mask > 0
                    )
                    ORDER BY n DESC, name
                    LIMIT 50
                )
            )) AS version
        FROM (
            SELECT groupArray((day, counts)) AS daily
            FROM (
                SELECT day, groupArray((version_day, n)) AS counts
                FROM (
                    SELECT day, latest AS version_day, toInt64(count()) AS n
                    FROM (
                        SELECT toInt64(use.2) * 56 - 3 + toInt64(k) AS day, use.1 AS instance, max(version_day) AS latest
                        FROM (
                            SELECT version_day, use
                            FROM (
                                SELECT
                                    if(name IN ('', 'other'), toInt64(-1), min(low)) AS version_day,
                                    groupArrayIf((instance, stretch, m), ranged = 1) AS uses
                                FROM (
                                    SELECT toString(product_version) AS name, instance, toUInt32(block) AS stretch,
                                        mask AS m, toUInt8(1) AS ranged, toInt64(1000000) AS low
                                    FROM presence
                                    UNION ALL
                                    SELECT toString(product_version) AS name, instance, toUInt32(block) AS stretch,
                                        mask AS m, toUInt8(0) AS ranged,
                                        toInt64(block) * 56 - 3
                                            + toInt64(round(log2(bitAnd(mask, toUInt64(bitXor(mask, mask - 1)))))) AS low
                                    FROM history
                                    WHERE mask > 0
                                )
                                GROUP BY name
                            )
                            ARRAY JOIN uses AS use
                        )
                        ARRAY JOIN range(56) AS k
                        WHERE bitAnd(bitShiftRight(use.3, k), 1) = 1
                        GROUP BY day, instance
                    )
                    GROUP BY day, version_day
                )
                GROUP BY day
            )
        )
    )
)
ORDER BY released, product_version
