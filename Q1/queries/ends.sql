-- One row if all records lie within the limits, else none: how many there are, how many of them are
-- of no user, and their first and last time, as span.sql finds them at a greater cost.
SELECT
    count(*) AS records,
    count(*) FILTER (WHERE of_user IS NOT TRUE) AS records_without_user,
    min(time) AS first_time,
    max(time) AS last_time
FROM record
HAVING
    count(time) = count(*)
    AND min(time) >= %(data_from)s
    AND max(time) < %(data_before)s
