-- One row: how many records there are, how many of them are of no user, the first and the last time
-- within the limits, and whether any time lies outside them.
SELECT
    count(*) AS records,
    count(*) FILTER (WHERE of_user IS NOT TRUE) AS records_without_user,
    greatest(min(time), %(data_from)s) AS first_time,
    least(max(time), %(data_before)s) AS last_time,
    coalesce(min(time) < %(data_from)s OR max(time) >= %(data_before)s, FALSE) AS some_left_out
FROM record
