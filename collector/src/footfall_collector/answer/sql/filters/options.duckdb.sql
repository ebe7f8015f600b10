-- The values of the filters `version` and `provider`.
SELECT DISTINCT product_version, ai_provider FROM event_counts
