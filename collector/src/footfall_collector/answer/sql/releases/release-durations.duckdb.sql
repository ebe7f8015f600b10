-- Calls by version, tool and rounded duration: the complete distribution, since durations are rounded.
SELECT product_version, tool, duration_ms, sum(n)::BIGINT AS calls
FROM tool_durations
GROUP BY product_version, tool, duration_ms
ORDER BY product_version, tool, duration_ms
