-- Errors of each tool by class, and the number of instances that met them.
SELECT tool, error_type, e.errors, coalesce(i.instances, 0) AS instances
FROM (SELECT tool, error_type, sum(n)::BIGINT AS errors FROM tool_errors GROUP BY tool, error_type) e
LEFT JOIN (
    SELECT tool, error_type, count(DISTINCT instance) AS instances FROM error_instances GROUP BY tool, error_type
) i USING (tool, error_type)
ORDER BY e.errors DESC, tool, error_type
