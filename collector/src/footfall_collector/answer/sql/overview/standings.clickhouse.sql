-- Instances and calling instances: all, the established ones, and those that are not and were first seen in the last
-- week of the range. `of_product` counts the established instances of all time.
SELECT sum(i) AS instances, sum(e) AS established, sum(n) AS new, sum(c) AS callers, sum(ce) AS established_callers,
    sum(cn) AS new_callers, sum(p) AS of_product
FROM (
    SELECT toInt64(uniqExact(instance)) AS i, toInt64(0) AS e, toInt64(0) AS n, toInt64(0) AS c, toInt64(0) AS ce,
        toInt64(0) AS cn, toInt64(0) AS p
    FROM presence
    UNION ALL
    SELECT toInt64(0) AS i, toInt64(uniqExact(instance)) AS e, toInt64(0) AS n, toInt64(0) AS c, toInt64(0) AS ce,
        toInt64(0) AS cn, toInt64(0) AS p
    FROM presence
    WHERE instance IN (SELECT instance FROM standing WHERE established)
    UNION ALL
    SELECT toInt64(0) AS i, toInt64(0) AS e, toInt64(uniqExact(instance)) AS n, toInt64(0) AS c, toInt64(0) AS ce,
        toInt64(0) AS cn, toInt64(0) AS p
    FROM presence
    WHERE instance NOT IN (SELECT instance FROM standing WHERE established OR first_day < $last_day - 7)
    UNION ALL
    SELECT toInt64(0) AS i, toInt64(0) AS e, toInt64(0) AS n, toInt64(uniqExact(instance)) AS c, toInt64(0) AS ce,
        toInt64(0) AS cn, toInt64(0) AS p
    FROM tool_instances
    UNION ALL
    SELECT toInt64(0) AS i, toInt64(0) AS e, toInt64(0) AS n, toInt64(0) AS c, toInt64(uniqExact(instance)) AS ce,
        toInt64(0) AS cn, toInt64(0) AS p
    FROM tool_instances
    WHERE instance IN (SELECT instance FROM standing WHERE established)
    UNION ALL
    SELECT toInt64(0) AS i, toInt64(0) AS e, toInt64(0) AS n, toInt64(0) AS c, toInt64(0) AS ce,
        toInt64(uniqExact(instance)) AS cn, toInt64(0) AS p
    FROM tool_instances
    WHERE instance NOT IN (SELECT instance FROM standing WHERE established OR first_day < $last_day - 7)
    UNION ALL
    SELECT toInt64(0) AS i, toInt64(0) AS e, toInt64(0) AS n, toInt64(0) AS c, toInt64(0) AS ce, toInt64(0) AS cn,
        toInt64(uniqExact(instance)) AS p
    FROM standing
    WHERE established
)
