-- One row, or none if a record has no time: how many records there are, how many of them are of no
-- user, and their first and last time. Where all lie within the limits, it is what span.sql finds.
SELECT
    count(*) AS records,
    count(*) FILTER (WHERE of_user IS NOT TRUE) AS records_without_user,
    min(time) AS first_time,
    max(time) AS last_time
FROM record
HAVING count(time) = count(*)
