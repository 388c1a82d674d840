-- One row: how many records lie within the limits, how many of them are of no user, their first and
-- last time, and how many records lie before and after the limits, and have no time.
WITH

placed AS (
    -- One row per record, and where it lies.
    SELECT
        time,
        of_user,
        CASE
            WHEN time IS NULL THEN 'nowhere'
            WHEN time < %(data_from)s THEN 'before'
            WHEN time >= %(data_before)s THEN 'after'
            WHEN day < %(from_day)s THEN 'before'  -- where midnights come twice
            WHEN day > %(to_day)s THEN 'after'  -- where midnights come twice
            ELSE 'within'
        END AS place
    FROM record
)

SELECT
    count(*) FILTER (WHERE place = 'within') AS records,
    count(*) FILTER (WHERE place = 'within' AND of_user IS NOT TRUE) AS records_without_user,
    min(time) FILTER (WHERE place = 'within') AS first_time,
    max(time) FILTER (WHERE place = 'within') AS last_time,
    count(*) FILTER (WHERE place = 'before') AS records_before,
    count(*) FILTER (WHERE place = 'after') AS records_after,
    count(*) FILTER (WHERE place = 'nowhere') AS records_without_time
FROM placed
