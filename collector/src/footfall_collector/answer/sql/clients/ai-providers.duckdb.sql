-- Instances that were active with each provider, and their calls.
SELECT ai_provider, coalesce(i.instances, 0) AS instances, coalesce(c.calls, 0) AS calls
FROM (SELECT ai_provider, count(DISTINCT instance) AS instances FROM presence GROUP BY ai_provider) i
FULL JOIN (SELECT ai_provider, sum(calls)::BIGINT AS calls FROM tool_calls GROUP BY ai_provider) c USING (ai_provider)
ORDER BY instances DESC, calls DESC, ai_provider
