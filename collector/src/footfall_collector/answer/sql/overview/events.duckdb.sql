-- Events by day, or by hour and minute in short ranges.
SELECT moment AS day, event, sum(n)::BIGINT AS events FROM event_counts GROUP BY moment, event ORDER BY moment, event
