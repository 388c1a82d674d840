-- One row per value: the users who began on the day, and those of them who were active in the
-- period.
WITH

firsts AS (
    -- One row per user: the first start on the day, and the first of all.
    SELECT
        uid,
        min(coalesce(moment, day)) FILTER (WHERE day = $install_date) AS moment,
        min(day) AS first_day
    FROM events
    WHERE starts AND uid IS NOT NULL
    GROUP BY uid
),

members AS (
    -- One row per user who began on the day: of several values then the first in order.
    SELECT
        firsts.uid,
        min(events.value) AS value
    FROM firsts
    INNER JOIN events
        ON
            firsts.uid = events.uid
            AND firsts.moment = coalesce(events.moment, events.day)
            AND events.starts
    WHERE $cohort_by = 'install' OR firsts.first_day = $install_date
    GROUP BY firsts.uid
),

largest AS (
    -- One row per value that has the most users.
    SELECT value
    FROM members
    WHERE value IS NOT NULL
    GROUP BY value
    ORDER BY count(*) DESC, value ASC
    LIMIT $top
),

active AS (
    -- One row per user with activity in the period.
    SELECT DISTINCT uid
    FROM events
    WHERE returns AND day BETWEEN $active_from AND $active_to
)

SELECT
    largest.value,
    members.value IS NOT NULL AND largest.value IS NULL AS other,
    $install_date AS day,
    count(*) AS installed_users,
    count(active.uid) AS retained_users
FROM members
LEFT JOIN largest ON members.value = largest.value
LEFT JOIN active ON members.uid = active.uid
GROUP BY ALL
