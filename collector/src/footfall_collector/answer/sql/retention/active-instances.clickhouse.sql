-- Distinct instances of each day and of the seven days that end with it, and instances seen for the first time. Bit k
-- of a mask is day k of its block of 56 days. The mask is extended by the six days before its block; OR-ing it with
-- itself shifted right by zero to six gives, for each day, whether any of the seven days was active.
SELECT day, sum(d) AS daily, sum(w) AS weekly, sum(n) AS new, daily - new AS returning
FROM (
    SELECT
        toInt64(stretch) * 56 - 3 + k AS day,
        toInt64(sum(bitAnd(bitShiftRight(mask, k), 1))) AS d,
        toInt64(sum(bitAnd(bitShiftRight(w7, k), 1))) AS w,
        toInt64(0) AS n
    FROM (
        SELECT
            stretch,
            mask,
            bitOr(bitShiftLeft(mask, 6), before) AS w1,
            bitOr(w1, bitShiftRight(w1, 1)) AS w2,
            bitOr(w2, bitShiftRight(w2, 2)) AS w4,
            bitOr(w4, bitShiftRight(w4, 3)) AS w7
        FROM (
            SELECT stretch, instance, groupBitOr(m) AS mask, groupBitOr(b) AS before
            FROM (
                SELECT toUInt32(block) AS stretch, instance, mask AS m, toUInt64(0) AS b FROM history
                UNION ALL
                SELECT toUInt32(block + 1) AS stretch, instance, toUInt64(0) AS m, bitShiftRight(mask, 50) AS b FROM history
            )
            GROUP BY stretch, instance
        )
        WHERE stretch BETWEEN $first_block AND $last_block
    )
    ARRAY JOIN range(56) AS k
    GROUP BY day
    UNION ALL
    SELECT day, toInt64(0) AS d, toInt64(0) AS w, toInt64(count()) AS n
    FROM (
        SELECT
            instance,
            min(toInt64(block) * 56 - 3 + toInt64(round(log2(bitAnd(mask, toUInt64(bitXor(mask, mask - 1))))))) AS day
        FROM history
        GROUP BY instance
    )
    GROUP BY day
    UNION ALL
    SELECT toInt64(arrayJoin(range(toUInt64($last_day - $first_day)))) + $first_day AS day,
        toInt64(0) AS d, toInt64(0) AS w, toInt64(0) AS n
)
WHERE day >= $first_day AND day < $last_day AND day >= (
    SELECT if(count() = 0, 1000000, min(toInt64(block) * 56 - 3
        + toInt64(round(log2(bitAnd(mask, toUInt64(bitXor(mask, mask - 1))))))))
    FROM history
)
GROUP BY day
ORDER BY day
