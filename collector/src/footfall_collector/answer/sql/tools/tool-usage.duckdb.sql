-- Calls and distinct instances of each tool.
SELECT tool, c.calls, coalesce(i.instances, 0) AS instances, c.calls / sum(c.calls) OVER () AS share
FROM (SELECT tool, sum(calls)::BIGINT AS calls FROM tool_calls GROUP BY tool) c
LEFT JOIN (SELECT tool, count(DISTINCT instance) AS instances FROM tool_instances GROUP BY tool) i USING (tool)
ORDER BY c.calls DESC, tool
