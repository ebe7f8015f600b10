-- Instances by one dimension at a time. An instance counts once in each: under the value that it had on most days, the
-- first by name if several are equal. So no group can be derived from the overlap of others. Dimension '' is the total.
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
        WHERE m > 0  -- old servers drop the column without this
        GROUP BY dimension, instance, v
    )
    GROUP BY dimension, instance
    )
    UNION ALL
    SELECT '' AS dimension, '' AS value, toInt64(0) AS n
)
GROUP BY dimension, value
ORDER BY dimension, value
