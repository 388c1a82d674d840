-- One row: the earliest and the latest day of the records from one moment to another.
SELECT
    min(day) AS first_day,
    max(day) AS last_day
FROM record
WHERE
    time >= %(since)s
    AND time < %(before)s
    AND day >= %(from_day)s  -- where midnights come twice
    AND day <= %(to_day)s  -- where midnights come twice
