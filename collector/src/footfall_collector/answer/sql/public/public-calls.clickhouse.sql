-- Tool calls of the selected instances.
SELECT sum(calls) AS c FROM tool_calls
