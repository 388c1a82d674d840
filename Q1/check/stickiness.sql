-- One row per value and day of the data: the users active on it, in the 7 and in the 30 days that
-- end with it, and how many days of data end with it.
WITH

data AS (
    -- One row: the days of the data.
    SELECT
        min(day) AS first_day,
        max(day) AS last_day
    FROM events
),

days AS (
    -- One row per day, with its number from 1.
    SELECT
        calendar.day::date AS day,
        calendar.day::date - data.first_day + 1 AS days
    FROM data
    CROSS JOIN generate_series(data.first_day, data.last_day, to_days(1)) AS calendar (day)
),

activity AS (
    -- One row per user and day with activity.
    SELECT DISTINCT
        members.uid,
        members.value,
        members.other,
        events.day
    FROM events
    INNER JOIN members ON events.uid = members.uid
    WHERE events.returns
),

groups AS (
    -- One row per value of a user who is ever activity.
    SELECT DISTINCT
        value,
        other
    FROM activity
)

SELECT
    groups.value,
    groups.other,
    days.day,
    count(DISTINCT activity.uid) FILTER (WHERE activity.day = days.day) AS daily,
    count(DISTINCT activity.uid) FILTER (WHERE activity.day > days.day - 7) AS weekly,
    count(DISTINCT activity.uid) AS monthly,
    days.days
FROM groups
CROSS JOIN days
LEFT JOIN activity
    ON
        groups.value IS NOT DISTINCT FROM activity.value
        AND groups.other = activity.other
        AND activity.day BETWEEN days.day - 29 AND days.day
GROUP BY ALL
