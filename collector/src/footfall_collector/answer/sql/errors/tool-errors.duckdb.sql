-- Calls and failed calls of each tool.
SELECT tool, sum(calls)::BIGINT AS calls, sum(errors)::BIGINT AS errors, sum(errors) / sum(calls) AS error_rate
FROM tool_calls
GROUP BY tool
ORDER BY error_rate DESC, calls DESC, tool
