-- Instances by minor version of the API server; an instance that was upgraded counts in both.
SELECT if(m = '', whole, m) AS minor, sum(i) AS instances, sum(s) AS started
FROM (
    SELECT extract(k8s_version, '^[0-9]+[.][0-9]+') AS m, if(m = '', k8s_version, '') AS whole, sum(n) AS s, toInt64(0) AS i
    FROM starts GROUP BY m, whole
    UNION ALL
    SELECT extract(k8s_version, '^[0-9]+[.][0-9]+') AS m, if(m = '', k8s_version, '') AS whole, toInt64(0) AS s,
        toInt64(uniqExact(instance)) AS i
    FROM start_instances GROUP BY m, whole
)
GROUP BY minor
HAVING started > 0
ORDER BY instances DESC, started DESC, minor
