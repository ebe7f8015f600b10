-- Errors of each tool by class, and the number of instances that met them.
SELECT tool, error_type, sum(e) AS errors, sum(i) AS instances
FROM (
    SELECT tool, error_type, sum(n) AS e, toInt64(0) AS i FROM tool_errors GROUP BY tool, error_type
    UNION ALL
    SELECT tool, error_type, toInt64(0) AS e, toInt64(uniqExact(instance)) AS i
    FROM error_instances GROUP BY tool, error_type
)
GROUP BY tool, error_type
HAVING errors > 0
ORDER BY errors DESC, tool, error_type
