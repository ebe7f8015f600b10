-- Events by day, by hour where the range is short.
SELECT moment AS day, event, sum(n) AS events FROM event_counts GROUP BY day, event HAVING events > 0 ORDER BY day, event
