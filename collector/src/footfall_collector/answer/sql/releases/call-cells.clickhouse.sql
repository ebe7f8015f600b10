-- Calls and errors by everything that a call carries, and by UTC day.
SELECT intDiv(moment, 86400) AS day, product_version, tool, mcp_client, ai_provider, sum(calls) AS c, sum(errors) AS e
FROM tool_calls
GROUP BY day, product_version, tool, mcp_client, ai_provider
HAVING c > 0
ORDER BY day, product_version, tool, mcp_client, ai_provider
