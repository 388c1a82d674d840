-- One row: the users who installed on the day, and those of them who were active in the period.
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

retained AS (
    -- One row per installed user with an event that counts in the period.
    SELECT uid
    FROM installed
    WHERE
        EXISTS (
            SELECT
            FROM piwik_track
            WHERE
                piwik_track.uid = installed.uid
                AND piwik_track.returns
                AND piwik_track.time >= %(active_from)s
                AND piwik_track.time < %(active_before)s
                AND piwik_track.day >= %(first_active_day)s  -- where midnights come twice
                AND piwik_track.day <= %(last_active_day)s  -- where midnights come twice
        )
)

SELECT
    (SELECT count(*) FROM installed) AS installed_users,
    (SELECT count(*) FROM retained) AS retained_users
