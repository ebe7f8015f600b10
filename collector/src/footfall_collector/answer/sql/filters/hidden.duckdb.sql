-- How many events the range has.
SELECT coalesce(sum(n), 0)::BIGINT FROM event_counts
