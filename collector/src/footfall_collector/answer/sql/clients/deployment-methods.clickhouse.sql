-- Instances by deployment method.
SELECT deployment_method, sum(i) AS instances, sum(s) AS started
FROM (
    SELECT deployment_method, sum(n) AS s, toInt64(0) AS i FROM starts GROUP BY deployment_method
    UNION ALL
    SELECT deployment_method, toInt64(0) AS s, toInt64(uniqExact(instance)) AS i
    FROM start_instances GROUP BY deployment_method
)
GROUP BY deployment_method
HAVING started > 0
ORDER BY instances DESC, started DESC, deployment_method
