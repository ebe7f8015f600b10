-- Connections and instances of each transport.
SELECT transport, c.connections, coalesce(i.instances, 0) AS instances
FROM (SELECT transport, sum(n)::BIGINT AS connections FROM connections GROUP BY transport) c
LEFT JOIN (
    SELECT transport, count(DISTINCT instance) AS instances FROM connection_instances GROUP BY transport
) i USING (transport)
ORDER BY c.connections DESC, transport
