-- One row: the time of the last record since the day of the installs.
SELECT max(time) AS last_time
FROM data_record
WHERE time >= %(install_from)s
