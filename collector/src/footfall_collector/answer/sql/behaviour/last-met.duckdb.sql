-- Lost instances by the tool of their last call, the class of their last error, and the version of their last event.
-- A row of a relation contains an instance's last day if the highest bit of its mask is that day.
WITH rows_seen AS (
    SELECT instance, fits, block * 56 - 4 + length(bin(mask)) AS high FROM lifetime WHERE mask <> 0
),
lasts AS (
    SELECT instance, max(high) AS day FROM rows_seen GROUP BY instance
),
lost AS (
    SELECT DISTINCT instance FROM rows_seen JOIN lasts USING (instance)
    WHERE high = day AND fits AND day >= greatest($first_day, $last_day - 45) AND day < $last_day - 14
),
met AS (
    SELECT
        instance,
        max({'ts': ts, 'value': tool}) FILTER (event = 'tool_executed') AS tool,
        max({'ts': ts, 'value': error_type}) FILTER (event = 'tool_error') AS error_type,
        max({'ts': ts, 'value': product_version}) AS version
    FROM recent_events SEMI JOIN lost USING (instance)
    GROUP BY instance
),
total AS (SELECT count(*) AS n FROM met),
dimensions AS (
    SELECT 'tool' AS dimension, tool.value AS value FROM met
    UNION ALL
    SELECT 'error_type', error_type.value FROM met
    UNION ALL
    SELECT 'version', version.value FROM met
)
SELECT
    dimension,
    coalesce(value, '') AS value,
    count(*) AS instances,
    any_value(n) AS of_instances,
    count(*) / any_value(n) AS share
FROM dimensions CROSS JOIN total
GROUP BY dimension, value
ORDER BY dimension, instances DESC, value
