-- Instances and calling instances: all, the established ones, and those that are not and were first seen in the last
-- week of the range. `of_product` counts the established instances of all time.
WITH active AS (SELECT DISTINCT instance FROM presence),
callers AS (SELECT DISTINCT instance FROM tool_instances),
established AS (SELECT instance FROM standing WHERE established),
older AS (SELECT instance FROM standing WHERE established OR first_day < $last_day - 7)
SELECT
    (SELECT count(*) FROM active) AS instances,
    (SELECT count(*) FROM active SEMI JOIN established USING (instance)) AS established,
    (SELECT count(*) FROM active ANTI JOIN older USING (instance)) AS new,
    (SELECT count(*) FROM callers) AS callers,
    (SELECT count(*) FROM callers SEMI JOIN established USING (instance)) AS established_callers,
    (SELECT count(*) FROM callers ANTI JOIN older USING (instance)) AS new_callers,
    (SELECT count(*) FROM established) AS of_product
