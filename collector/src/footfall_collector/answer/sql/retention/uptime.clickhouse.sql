-- Server processes by uptime at their end, and the percentiles of all of them (see tools/tool-duration).
SELECT
    step.1 AS uptime,
    step.2 AS from_seconds,
    if(step.3 = inf, NULL, step.3) AS to_seconds,
    arraySum(arrayMap(p -> if(p.1 >= step.2 AND p.1 < step.3, p.2, toInt64(0)), pairs)) AS sessions,
    sessions / total AS share,
    low50 + (high50 - low50) * ((total - 1) * 50 % 100) / 100 AS p50_seconds,
    low95 + (high95 - low95) * ((total - 1) * 95 % 100) / 100 AS p95_seconds
FROM (
    SELECT
        pairs,
        total,
        arrayElement(vals, arrayFirstIndex(u -> u > intDiv((total - 1) * 50, 100), upto)) AS low50,
        arrayElement(vals, arrayFirstIndex(u -> u > intDiv((total - 1) * 50 + 99, 100), upto)) AS high50,
        arrayElement(vals, arrayFirstIndex(u -> u > intDiv((total - 1) * 95, 100), upto)) AS low95,
        arrayElement(vals, arrayFirstIndex(u -> u > intDiv((total - 1) * 95 + 99, 100), upto)) AS high95
    FROM (
        SELECT
            arraySort(groupArray((uptime_seconds, k))) AS pairs,
            arrayMap(p -> p.1, pairs) AS vals,
            arrayCumSum(arrayMap(p -> p.2, pairs)) AS upto,
            sum(k) AS total
        FROM (SELECT uptime_seconds, sum(n) AS k FROM uptimes GROUP BY uptime_seconds HAVING k > 0)
    )
    WHERE total > 0
)
ARRAY JOIN [
    ('under 10 s', toFloat64(0), toFloat64(10)),
    ('10 s – 1 min', toFloat64(10), toFloat64(60)),
    ('1 – 10 min', toFloat64(60), toFloat64(600)),
    ('10 – 60 min', toFloat64(600), toFloat64(3600)),
    ('1 – 6 h', toFloat64(3600), toFloat64(21600)),
    ('6 – 24 h', toFloat64(21600), toFloat64(86400)),
    ('1 – 7 d', toFloat64(86400), toFloat64(604800)),
    ('7 d and more', toFloat64(604800), inf)
] AS step
ORDER BY from_seconds
