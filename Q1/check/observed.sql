-- One row: whether the period is over by the data's last day.
SELECT max(day) >= $active_to AS observed
FROM events
