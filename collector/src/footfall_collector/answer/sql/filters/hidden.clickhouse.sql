-- How many events the range has.
SELECT sum(n) FROM event_counts
