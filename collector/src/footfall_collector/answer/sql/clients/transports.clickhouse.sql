-- Connections and instances of each transport.
SELECT transport, sum(c) AS connected, sum(i) AS instances
FROM (
    SELECT transport, sum(n) AS c, toInt64(0) AS i FROM connections GROUP BY transport
    UNION ALL
    SELECT transport, toInt64(0) AS c, toInt64(uniqExact(instance)) AS i FROM connection_instances GROUP BY transport
)
GROUP BY transport
HAVING connected > 0
ORDER BY connected DESC, transport
