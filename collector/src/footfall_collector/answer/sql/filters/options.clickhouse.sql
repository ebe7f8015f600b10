-- What the filters can be set to.
SELECT product_version, ai_provider FROM event_counts GROUP BY product_version, ai_provider HAVING sum(n) > 0
