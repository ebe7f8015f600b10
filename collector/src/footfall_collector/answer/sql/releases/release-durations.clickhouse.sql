-- How often each version's tools took how long: all there is to know about durations, since they are rounded.
SELECT product_version, tool, duration_ms, sum(n) AS calls
FROM tool_durations
GROUP BY product_version, tool, duration_ms
HAVING calls > 0
ORDER BY product_version, tool, duration_ms
