-- Instances by what they are, one dimension at a time, each instance counted once: under the value that it had on most
-- days (the first by name where days are even), so that no group follows from the overlap of others. Dimension '' is
-- all instances.
SELECT dimension, value, sum(n) AS instances
FROM (
    SELECT dimension, value, toInt64(1) AS n
    FROM (
    SELECT dimension, instance, arrayElement(arraySort(groupArray((0 - days, v))), 1).2 AS value
    FROM (
        SELECT dimension, instance, v, toInt64(sum(arraySum(arrayMap(k -> bitAnd(bitShiftRight(m, k), 1), range(56))))) AS days
        FROM (
            SELECT dimension, instance, v, block, groupBitOr(mask) AS m
            FROM (
                SELECT 'ai_provider' AS dimension, instance, ai_provider AS v, block, mask FROM presence
                UNION ALL
                SELECT 'mcp_client' AS dimension, instance, mcp_client AS v, block, mask FROM connection_instances
                UNION ALL
                SELECT 'transport' AS dimension, instance, transport AS v, block, mask FROM connection_instances
                UNION ALL
                SELECT 'deployment_method' AS dimension, instance, deployment_method AS v, block, mask FROM start_instances
                UNION ALL
                SELECT '' AS dimension, instance, '' AS v, block, mask FROM presence
            )
            GROUP BY dimension, instance, v, block
        )
        WHERE m > 0  -- old servers don't see that the function above needs this column
        GROUP BY dimension, instance, v
    )
    GROUP BY dimension, instance
    )
    UNION ALL
    SELECT '' AS dimension, '' AS value, toInt64(0) AS n
)
GROUP BY dimension, value
ORDER BY dimension, value
