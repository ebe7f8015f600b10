-- Calls and errors by everything that a call carries, and by UTC day.
SELECT
    moment // 86400 AS day,
    product_version,
    tool,
    mcp_client,
    ai_provider,
    sum(calls)::BIGINT AS calls,
    sum(errors)::BIGINT AS errors
FROM tool_calls
GROUP BY moment // 86400, product_version, tool, mcp_client, ai_provider
ORDER BY day, product_version, tool, mcp_client, ai_provider
