-- The values of the filters `version` and `provider`.
SELECT product_version, ai_provider FROM event_counts GROUP BY product_version, ai_provider HAVING sum(n) > 0
