-- Connections and instances of each client and version. A call doesn't carry its client's version, so `calls` are those
-- of the client in all versions. A client that calls without connecting has a row without a version.
WITH connected AS (
    SELECT mcp_client, mcp_client_version, sum(n)::BIGINT AS connections
    FROM connections
    GROUP BY mcp_client, mcp_client_version
),
met AS (
    SELECT mcp_client, mcp_client_version, count(DISTINCT instance) AS instances
    FROM connection_instances
    GROUP BY mcp_client, mcp_client_version
),
called AS (
    SELECT mcp_client, sum(calls)::BIGINT AS calls FROM tool_calls GROUP BY mcp_client
),
calling AS (
    SELECT mcp_client, count(DISTINCT instance) AS instances FROM tool_instances GROUP BY mcp_client
)
SELECT mcp_client, mcp_client_version, connections, coalesce(instances, 0) AS instances, coalesce(calls, 0) AS calls
FROM connected
LEFT JOIN met USING (mcp_client, mcp_client_version)
LEFT JOIN called USING (mcp_client)
UNION ALL
SELECT mcp_client, '', 0, coalesce(instances, 0), calls
FROM called
LEFT JOIN calling USING (mcp_client)
WHERE mcp_client NOT IN (SELECT mcp_client FROM connected)
ORDER BY connections DESC, calls DESC, mcp_client, mcp_client_version
