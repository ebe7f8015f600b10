-- Pairs of the tools of most instances that the same instances call, and how much more often than by chance. The tools of
-- an instance are the bits of a number, because a join of all pairs of an instance's tools costs several times as much.
WITH calling AS (SELECT DISTINCT tool, instance FROM tool_instances),
counted AS (
    SELECT tool, count(*) AS n FROM calling GROUP BY tool ORDER BY n DESC, tool LIMIT 50
),
tools AS (SELECT tool, n, row_number() OVER (ORDER BY tool) - 1 AS bit FROM counted),
sets AS (
    SELECT bits, count(*) AS n
    FROM (SELECT instance, bit_or(1::BIGINT << bit) AS bits FROM calling JOIN tools USING (tool) GROUP BY instance)
    GROUP BY bits
),
pairs AS (
    SELECT a.tool, b.tool AS with_tool, any_value(a.n) AS one, any_value(b.n) AS other, sum(sets.n)::BIGINT AS instances
    FROM tools a
    JOIN tools b ON a.bit < b.bit
    JOIN sets ON (bits >> a.bit) & (bits >> b.bit) & 1 = 1
    GROUP BY a.tool, b.tool
)
SELECT tool, with_tool, instances, instances / everyone AS share, instances * everyone / (one * other) AS lift
FROM pairs CROSS JOIN (SELECT count(DISTINCT instance) AS everyone FROM calling)
ORDER BY instances DESC, tool, with_tool
