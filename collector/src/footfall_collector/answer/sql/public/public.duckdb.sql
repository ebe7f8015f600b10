-- Instances by one dimension at a time. An instance counts once in each: under the value that it had on most days, the
-- first by name if several are equal. So no group can be derived from the overlap of others. Dimension '' is the total.
WITH said AS (
    SELECT 'ai_provider' AS dimension, instance, ai_provider AS value, block, mask FROM presence
    UNION ALL
    SELECT 'mcp_client', instance, mcp_client, block, mask FROM connection_instances
    UNION ALL
    SELECT 'transport', instance, transport, block, mask FROM connection_instances
    UNION ALL
    SELECT 'deployment_method', instance, deployment_method, block, mask FROM start_instances
),
blocks AS (
    SELECT dimension, instance, value, block, bit_count(bit_or(mask)) AS days
    FROM said
    GROUP BY dimension, instance, value, block
),
ranked AS (
    SELECT
        dimension,
        instance,
        value,
        row_number() OVER (PARTITION BY dimension, instance ORDER BY sum(days) DESC, value) AS place
    FROM blocks
    GROUP BY dimension, instance, value
)
SELECT dimension, value, count(*) AS instances FROM ranked WHERE place = 1 GROUP BY dimension, value
UNION ALL
SELECT '', '', count(DISTINCT instance) FROM presence
ORDER BY dimension, value
