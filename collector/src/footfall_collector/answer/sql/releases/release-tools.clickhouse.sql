-- Calls and errors of each version's tools.
SELECT product_version, tool, sum(calls) AS c, sum(errors) AS e
FROM tool_calls
GROUP BY product_version, tool
HAVING c > 0
ORDER BY product_version, tool
