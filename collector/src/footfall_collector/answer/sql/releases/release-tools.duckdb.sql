-- Calls and errors of each version's tools.
SELECT product_version, tool, sum(calls)::BIGINT AS calls, sum(errors)::BIGINT AS errors
FROM tool_calls
GROUP BY product_version, tool
ORDER BY product_version, tool
