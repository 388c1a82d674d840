-- One row: the earliest and the latest day of the records from one moment to another.
SELECT
    min(day) AS first_day,
    max(day) AS last_day
FROM data_record
WHERE
    time >= %(since)s
    AND time < %(before)s
