-- Calls and failed calls of each tool.
SELECT tool, sum(calls) AS c, sum(errors) AS e, e / c AS error_rate
FROM tool_calls
GROUP BY tool
HAVING c > 0
ORDER BY error_rate DESC, c DESC, tool
