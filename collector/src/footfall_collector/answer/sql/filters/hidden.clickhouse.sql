-- The number of events in the range.
SELECT sum(n) FROM event_counts
