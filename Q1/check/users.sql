-- One row per user who installed on the day: whether active in the period.
WITH

active AS (
    -- One row per user with an event that counts in the period.
    SELECT DISTINCT uid
    FROM events
    WHERE returns AND day BETWEEN $active_from AND $active_to
),

installed AS (
    -- One row per user with an install on the day.
    SELECT DISTINCT uid
    FROM events
    WHERE event_name = $install_event AND day = $install_date AND uid IS NOT NULL
)

SELECT
    installed.uid,
    active.uid IS NOT NULL AS retained
FROM installed
LEFT JOIN active ON installed.uid = active.uid
