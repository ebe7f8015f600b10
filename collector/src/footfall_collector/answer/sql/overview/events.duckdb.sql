-- Events by day, by hour where the range is short.
SELECT moment AS day, event, sum(n)::BIGINT AS events FROM event_counts GROUP BY moment, event ORDER BY moment, event
