-- One row per value: the users who began on the day, and those of them who were active in the
-- period. With `first_event` they began with their first event; otherwise an install of that day
-- is enough. `other` is true for the values that are not among the largest.
WITH

starts AS (
    -- One row per user who began on the day: when.
    SELECT
        uid,
        min(time) FILTER (WHERE day = %(install_day)s) AS first_time
    FROM data_record
    WHERE of_user AND starts
    GROUP BY uid
    HAVING
        bool_or(day = %(install_day)s)
        AND (NOT %(first_event)s OR min(day) = %(install_day)s)
),

members AS (
    -- One row per such user: of several values at that moment the first in order.
    SELECT
        starts.uid,
        min(data_record.value COLLATE "C") AS value -- noqa: RF02
    FROM starts
    INNER JOIN data_record
        ON
            starts.uid = data_record.uid
            AND starts.first_time = data_record.time
            AND data_record.starts
    GROUP BY starts.uid
),

largest AS (
    -- One row per value that has the most users.
    SELECT value
    FROM members
    WHERE value IS NOT NULL
    GROUP BY value
    ORDER BY count(*) DESC, value ASC
    LIMIT %(largest)s
),

active AS (
    -- One row per user with activity in the period.
    SELECT DISTINCT uid
    FROM data_record
    WHERE returns AND day BETWEEN %(first_active_day)s AND %(last_active_day)s
)

SELECT
    largest.value,
    members.value IS NOT NULL AND largest.value IS NULL AS other,
    count(*) AS installed_users,
    count(active.uid) AS retained_users
FROM members
LEFT JOIN largest ON members.value = largest.value
LEFT JOIN active ON members.uid = active.uid
GROUP BY largest.value, other
ORDER BY other ASC, largest.value IS NULL ASC, installed_users DESC, largest.value ASC
