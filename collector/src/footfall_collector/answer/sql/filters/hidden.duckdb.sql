-- The number of events in the range.
SELECT coalesce(sum(n), 0)::BIGINT FROM event_counts
