-- Lost instances by the tool of their last call, the class of their last error, and the version of their last event.
-- A row of a relation contains an instance's last day if the highest bit of its mask is that day.
SELECT
    dimension,
    word.1 AS value,
    word.2 AS instances,
    of_instances,
    instances / of_instances AS share
FROM (
    SELECT dimension, groupArray((name, n)) AS words, toInt64(sum(n)) AS of_instances
    FROM (
        SELECT met.1 AS dimension, met.2 AS name, toInt64(count()) AS n
        FROM (
            SELECT
                max(high) AS day,
                groupUniqArrayArray(fitting) AS fitting_days,
                max(call).2 AS tool,
                max(error).2 AS error_type,
                max(event).2 AS version
            FROM (
                SELECT
                    instance,
                    max(top) AS high,
                    groupUniqArrayIf(top, fit = 1) AS fitting,
                    (toInt64(0), '') AS call, (toInt64(0), '') AS error, (toInt64(0), '') AS event
                FROM (
                    SELECT
                        instance,
                        toUInt8(fits) AS fit,
                        toInt64(block) * 56 - 3 + toInt64(arrayReduce(
                            'max', arrayFilter(k -> bitAnd(bitShiftRight(mask, k), 1) = 1, range(56))
                        )) AS top
                    FROM lifetime
                    WHERE mask > 0
                )
                GROUP BY instance
                UNION ALL
                SELECT
                    instance,
                    toInt64(-1) AS high,
                    emptyArrayInt64() AS fitting,
                    maxIf((ts, toString(tool)), name = 'tool_executed') AS call,
                    maxIf((ts, toString(error_type)), name = 'tool_error') AS error,
                    max((ts, toString(product_version))) AS event
                FROM (SELECT instance, ts, event AS name, tool, error_type, product_version FROM recent_events)
                GROUP BY instance
            )
            GROUP BY instance
            HAVING has(fitting_days, day) AND day >= greatest($first_day, $last_day - 45) AND day < $last_day - 14
        )
        ARRAY JOIN [('tool', tool), ('error_type', error_type), ('version', version)] AS met
        GROUP BY dimension, name
    )
    GROUP BY dimension
)
ARRAY JOIN words AS word
ORDER BY dimension, instances DESC, value
