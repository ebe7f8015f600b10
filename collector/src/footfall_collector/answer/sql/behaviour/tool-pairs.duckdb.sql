-- Pairs of the tools of most instances that the same instances call, and how much more often than by chance.
WITH calling AS (SELECT DISTINCT tool, instance FROM tool_instances),
tools AS (
    SELECT tool, count(*) AS n FROM calling GROUP BY tool ORDER BY n DESC, tool LIMIT 50
),
shown AS (SELECT tool, instance, n FROM calling JOIN tools USING (tool)),
total AS (SELECT count(DISTINCT instance) AS everyone FROM calling)
SELECT
    a.tool,
    b.tool AS with_tool,
    count(*) AS instances,
    count(*) / any_value(everyone) AS share,
    count(*) * any_value(everyone) / (any_value(a.n) * any_value(b.n)) AS lift
FROM shown a
JOIN shown b ON a.instance = b.instance AND a.tool < b.tool
CROSS JOIN total
GROUP BY a.tool, b.tool
ORDER BY instances DESC, a.tool, with_tool
