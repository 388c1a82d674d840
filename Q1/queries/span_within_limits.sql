-- One row: how many records lie within the limits, how many of them are of no user, their first and
-- last time, and how many records lie before and after the limits.
SELECT
    count(*) FILTER (WHERE time >= %(data_from)s AND time < %(data_before)s) AS records,
    count(*) FILTER (
        WHERE time >= %(data_from)s AND time < %(data_before)s AND of_user IS NOT TRUE
    ) AS records_without_user,
    min(time) FILTER (WHERE time >= %(data_from)s AND time < %(data_before)s) AS first_time,
    max(time) FILTER (WHERE time >= %(data_from)s AND time < %(data_before)s) AS last_time,
    count(*) FILTER (WHERE time < %(data_from)s) AS records_before,
    count(*) FILTER (WHERE time >= %(data_before)s) AS records_after
FROM record
