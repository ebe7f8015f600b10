-- Pairs of the tools of most instances that the same instances call, and how much more often than by chance. A tool is
-- paired with itself first, which counts its instances.
SELECT
    pair.1 AS tool,
    pair.2 AS with_tool,
    pair.3 AS instances,
    instances / everyone AS share,
    instances * everyone / (arrayElement(counts, indexOf(tools, tool)) * arrayElement(counts, indexOf(tools, with_tool)))
        AS lift
FROM (
    SELECT
        groupArray((first, second, n)) AS pairs,
        arrayMap(p -> p.1, arrayFilter(p -> p.1 = p.2, pairs)) AS tools,
        arrayMap(p -> p.3, arrayFilter(p -> p.1 = p.2, pairs)) AS counts,
        (SELECT toInt64(uniqExact(instance)) FROM tool_instances) AS everyone
    FROM (
        SELECT first, second, toInt64(count()) AS n
        FROM (
            SELECT first, arrayJoin(used) AS second
            FROM (
                SELECT used, arrayJoin(used) AS first
                FROM (
                    SELECT
                        arrayFilter(
                            t -> has((
                                SELECT groupArray(name)
                                FROM (
                                    SELECT toString(tool) AS name FROM tool_instances
                                    GROUP BY name ORDER BY uniqExact(instance) DESC, name LIMIT 50
                                )
                            ), t),
                            groupUniqArray(toString(tool))
                        ) AS used
                    FROM tool_instances
                    GROUP BY instance
                )
            )
        )
        WHERE first <= second
        GROUP BY first, second
    )
)
ARRAY JOIN arrayFilter(p -> p.1 < p.2, pairs) AS pair
ORDER BY instances DESC, tool, with_tool
