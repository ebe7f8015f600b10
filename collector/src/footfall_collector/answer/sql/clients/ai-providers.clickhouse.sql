-- Instances that were active with each provider, and their calls.
SELECT ai_provider, sum(i) AS instances, sum(c) AS calls
FROM (
    SELECT ai_provider, toInt64(uniqExact(instance)) AS i, toInt64(0) AS c FROM presence GROUP BY ai_provider
    UNION ALL
    SELECT ai_provider, toInt64(0) AS i, sum(calls) AS c FROM tool_calls GROUP BY ai_provider
)
GROUP BY ai_provider
HAVING instances > 0 OR calls > 0
ORDER BY instances DESC, calls DESC, ai_provider
