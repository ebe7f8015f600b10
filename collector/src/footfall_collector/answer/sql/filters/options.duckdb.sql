-- What the filters can be set to.
SELECT DISTINCT product_version, ai_provider FROM event_counts
