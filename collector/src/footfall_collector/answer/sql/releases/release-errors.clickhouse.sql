-- Errors of each version by tool and class.
SELECT product_version, tool, error_type, sum(n) AS errors
FROM tool_errors
GROUP BY product_version, tool, error_type
HAVING errors > 0
ORDER BY product_version, errors DESC, tool, error_type
