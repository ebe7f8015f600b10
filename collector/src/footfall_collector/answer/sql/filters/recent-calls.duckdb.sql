-- The number of calls in the last 31 days of the range, those of ephemeral instances too.
SELECT coalesce(sum(calls), 0)::BIGINT FROM tool_calls WHERE moment >= ($last_day - 31) * 86400
