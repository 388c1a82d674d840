-- One row: how many records there are, how many of them are of no user, the first and the last time
-- within the limits, and whether any record lies outside them or has no time.
SELECT
    count(*) AS records,
    count(*) FILTER (WHERE of_user IS NOT TRUE) AS records_without_user,
    greatest(min(time), %(data_from)s) AS first_time,
    least(max(time), %(data_before)s) AS last_time,
    coalesce(
        min(time) < %(data_from)s
        OR max(time) >= %(data_before)s
        OR min(day) < %(from_day)s  -- where midnights come twice
        OR max(day) > %(to_day)s  -- where midnights come twice
        OR count(time) < count(*),
        FALSE
    ) AS some_left_out
FROM record
