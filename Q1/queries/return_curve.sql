-- One row per day of the period that is in the data: of the users who installed on the day, those
-- active on it, and those who had come back by the end of it.
WITH

installed AS (
    -- One row per user with an install on the day.
    SELECT DISTINCT uid
    FROM piwik_track
    WHERE
        event_name = %(install_event)s
        AND time >= %(install_from)s
        AND time < %(install_before)s
        AND day = %(install_day)s  -- where midnights come twice
),

visits AS (
    -- One row per installed user and day with an event in the period.
    SELECT DISTINCT
        events.uid,
        events.day
    FROM piwik_track AS events
    INNER JOIN installed ON events.uid = installed.uid
    WHERE
        events.returns
        AND events.time >= %(active_from)s
        AND events.time < %(active_before)s
        AND events.day >= %(first_active_day)s  -- where midnights come twice
        AND events.day <= %(last_active_day)s  -- where midnights come twice
),

first_visits AS (
    -- One row per installed user who came back.
    SELECT
        uid,
        min(day) AS day
    FROM visits
    GROUP BY uid
)

SELECT
    calendar.day::date AS day,
    count(visits.uid) AS active_users,
    sum(count(first_visits.uid)) OVER (ORDER BY calendar.day)::bigint AS returned_users
FROM
    generate_series(
        %(first_active_day)s::date, %(last_curve_day)s::date, interval '1 day'
    ) AS calendar (day)
LEFT JOIN visits ON calendar.day = visits.day
LEFT JOIN first_visits ON visits.uid = first_visits.uid AND visits.day = first_visits.day
GROUP BY calendar.day
ORDER BY calendar.day
