-- Instances by deployment method.
SELECT deployment_method, coalesce(i.instances, 0) AS instances, s.n AS starts
FROM (SELECT deployment_method, sum(n)::BIGINT AS n FROM starts GROUP BY deployment_method) s
LEFT JOIN (
    SELECT deployment_method, count(DISTINCT instance) AS instances FROM start_instances GROUP BY deployment_method
) i USING (deployment_method)
ORDER BY instances DESC, starts DESC, deployment_method
