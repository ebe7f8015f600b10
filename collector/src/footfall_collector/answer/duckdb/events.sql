-- Events by day, by hour where the range is short.
SELECT at AS day, event, sum(n)::BIGINT AS events FROM event_counts GROUP BY at, event ORDER BY at, event
