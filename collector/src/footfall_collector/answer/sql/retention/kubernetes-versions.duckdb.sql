-- Instances by minor version of the API server; an instance that was upgraded counts in both.
WITH started AS (
    SELECT coalesce(nullif(regexp_extract(k8s_version, '^[0-9]+[.][0-9]+'), ''), k8s_version) AS minor, sum(n)::BIGINT AS n
    FROM starts
    GROUP BY minor
),
met AS (
    SELECT
        coalesce(nullif(regexp_extract(k8s_version, '^[0-9]+[.][0-9]+'), ''), k8s_version) AS minor,
        count(DISTINCT instance) AS instances
    FROM start_instances
    GROUP BY minor
)
SELECT minor AS k8s_version, coalesce(instances, 0) AS instances, n AS starts
FROM started
LEFT JOIN met USING (minor)
ORDER BY instances DESC, starts DESC, minor
