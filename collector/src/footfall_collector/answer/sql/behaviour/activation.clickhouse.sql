-- Instances that were first seen in the range, and the steps that they took up to its end. A row of a relation contains
-- an instance's first day if the lowest bit of its mask is that day.
SELECT
    dimension,
    value,
    arrayElement(['installed', 'started', 'connected', 'first call', 'second day', 'second week'], number) AS step,
    toInt64(countIf(reached AND counted)) AS instances,
    toInt64(countIf(counted)) AS of_instances,
    if(of_instances = 0, NULL, instances / of_instances) AS share
FROM (
    SELECT
        dimension,
        value,
        number,
        arrayElement([1, started, connected, called, second_day, second_week], number) AS reached,
        arrayElement([1, 1, 1, 1, first + 7 <= $last_day, first + 14 <= $last_day], number) AS counted
    FROM (
        SELECT
            first, started, connected, called, second_day, second_week,
            group.1 AS dimension,
            group.2 AS value
        FROM (
            SELECT
                first,
                first_start < $last_day AS started,
                connections > 0 AS connected,
                calls > 0 AS called,
                arrayExists(d -> d > first AND d < first + 7, days) AS second_day,
                arrayExists(d -> d >= first + 7 AND d < first + 14, days) AS second_week,
                arrayConcat(
                    [('all', '')],
                    arrayMap(v -> ('version', v.2), arrayFilter(v -> v.1 = first, versions)),
                    if(
                        started,
                        arrayMap(m -> ('deployment_method', m.2), arrayFilter(m -> m.1 = first_start, methods)),
                        [('deployment_method', '')]
                    )
                ) AS groups
            FROM (
                SELECT
                    instance,
                    minIf(low, kind = 0) AS first,
                    groupUniqArrayIf((low, word), kind = 0) AS versions,
                    groupUniqArrayIf(low, kind = 0 AND fit = 1) AS fitting,
                    groupUniqArrayArray(seen) AS days,
                    minIf(if(kind = 1, low, 1000000), kind < 2) AS first_start,
                    groupUniqArrayIf((low, word), kind = 1) AS methods,
                    countIf(kind = 2 AND low < $last_day) AS connections,
                    countIf(kind = 3 AND low < $last_day) AS calls
                FROM (
                    SELECT
                        instance, kind, word, fit,
                        arrayFilter(d -> d < $last_day, arrayMap(
                            k -> toInt64(stretch) * 56 - 3 + toInt64(k),
                            arrayFilter(k -> kind = 0 AND bitAnd(bitShiftRight(m, k), 1) = 1, range(56))
                        )) AS seen,
                        toInt64(stretch) * 56 - 3 + toInt64(round(log2(bitAnd(m, toUInt64(bitXor(m, m - 1)))))) AS low
                    FROM (
                        SELECT instance, toUInt8(0) AS kind, toUInt32(block) AS stretch, mask AS m,
                            toString(product_version) AS word, toUInt8(fits) AS fit
                        FROM lifetime
                        UNION ALL
                        SELECT instance, toUInt8(1) AS kind, toUInt32(block) AS stretch, mask AS m,
                            toString(deployment_method) AS word, toUInt8(1) AS fit
                        FROM lifetime_starts
                        UNION ALL
                        SELECT instance, toUInt8(2) AS kind, toUInt32(block) AS stretch, mask AS m, '' AS word,
                            toUInt8(1) AS fit
                        FROM lifetime_connections
                        UNION ALL
                        SELECT instance, toUInt8(3) AS kind, toUInt32(block) AS stretch, mask AS m, '' AS word,
                            toUInt8(1) AS fit
                        FROM lifetime_calls
                    )
                    WHERE m > 0
                )
                GROUP BY instance
            )
            WHERE first >= $first_day AND first < $last_day AND has(fitting, first)
        )
        ARRAY JOIN groups AS group
    )
    ARRAY JOIN [1, 2, 3, 4, 5, 6] AS number
)
GROUP BY dimension, value, number
ORDER BY dimension, value, number
