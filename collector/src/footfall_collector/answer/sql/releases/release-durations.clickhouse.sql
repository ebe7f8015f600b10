-- Calls by version, tool and rounded duration: the complete distribution, since durations are rounded.
SELECT product_version, tool, duration_ms, sum(n) AS calls
FROM tool_durations
GROUP BY product_version, tool, duration_ms
HAVING calls > 0
ORDER BY product_version, tool, duration_ms
