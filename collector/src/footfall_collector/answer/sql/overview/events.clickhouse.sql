-- Events by day, or by hour and minute in short ranges.
SELECT moment AS day, event, sum(n) AS events FROM event_counts GROUP BY day, event HAVING events > 0 ORDER BY day, event
