-- Connections and instances of each client and version. A call doesn't carry its client's version, so `calls` are those
-- of the client in all versions. A client that calls without connecting has a row without a version.
SELECT mcp_client, mcp_client_version, connections, if(connected, versions, callers) AS instances, calls
FROM (
    SELECT mcp_client, row.1 AS mcp_client_version, row.2 AS connections, row.3 AS versions, callers, calls, connected
    FROM (
        SELECT
            mcp_client,
            sum(c) AS calls,
            sum(i) AS callers,
            arrayFilter(r -> r.2 > 0, groupArray((version, n, met))) AS rows,
            notEmpty(rows) AS connected
        FROM (
            SELECT mcp_client, mcp_client_version AS version, sum(k) AS n, sum(m) AS met, toInt64(0) AS c, toInt64(0) AS i
            FROM (
                SELECT mcp_client, mcp_client_version, sum(n) AS k, toInt64(0) AS m
                FROM connections GROUP BY mcp_client, mcp_client_version
                UNION ALL
                SELECT mcp_client, mcp_client_version, toInt64(0) AS k, toInt64(uniqExact(instance)) AS m
                FROM connection_instances GROUP BY mcp_client, mcp_client_version
            )
            GROUP BY mcp_client, mcp_client_version
            UNION ALL
            SELECT mcp_client, '' AS version, toInt64(0) AS n, toInt64(0) AS met, sum(calls) AS c, toInt64(0) AS i
            FROM tool_calls GROUP BY mcp_client
            UNION ALL
            SELECT mcp_client, '' AS version, toInt64(0) AS n, toInt64(0) AS met, toInt64(0) AS c,
                toInt64(uniqExact(instance)) AS i
            FROM tool_instances GROUP BY mcp_client
        )
        GROUP BY mcp_client
    )
    ARRAY JOIN if(connected, rows, [('', toInt64(0), toInt64(0))]) AS row
    WHERE connected OR calls > 0
)
ORDER BY connections DESC, calls DESC, mcp_client, mcp_client_version
