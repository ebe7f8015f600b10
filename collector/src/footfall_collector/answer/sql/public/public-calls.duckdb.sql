-- Tool calls of the selected instances.
SELECT coalesce(sum(calls), 0)::BIGINT AS calls FROM tool_calls
