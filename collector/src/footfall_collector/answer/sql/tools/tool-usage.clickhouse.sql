-- Calls and distinct instances of each tool.
SELECT tool, sum(c) AS calls, sum(i) AS instances, calls / max(everything) AS share
FROM (
    SELECT tool, sum(calls) AS c, toInt64(0) AS i, (SELECT sum(calls) FROM tool_calls) AS everything
    FROM tool_calls GROUP BY tool
    UNION ALL
    SELECT tool, toInt64(0) AS c, toInt64(uniqExact(instance)) AS i, toInt64(0) AS everything
    FROM tool_instances GROUP BY tool
)
GROUP BY tool
HAVING calls > 0
ORDER BY calls DESC, tool
