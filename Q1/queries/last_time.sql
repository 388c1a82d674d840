-- One row: the time of the last record since the day of the installs.
SELECT max(time) AS last_time
FROM record
WHERE
    time >= %(install_from)s
    AND time < %(data_before)s
    AND day <= %(to_day)s  -- where midnights come twice
