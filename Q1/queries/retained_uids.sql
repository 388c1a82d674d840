-- One row per user who installed on the day and was active in the period.
SELECT DISTINCT installs.uid
FROM piwik_track AS installs
WHERE
    installs.event_name = %(install_event)s
    AND installs.time >= %(install_from)s
    AND installs.time < %(install_before)s
    AND installs.day = %(install_day)s  -- where midnights come twice
    AND EXISTS (
        SELECT
        FROM piwik_track AS visits
        WHERE
            visits.uid = installs.uid
            AND visits.returns
            AND visits.time >= %(active_from)s
            AND visits.time < %(active_before)s
            AND visits.day >= %(first_active_day)s  -- where midnights come twice
            AND visits.day <= %(last_active_day)s  -- where midnights come twice
    )
ORDER BY installs.uid
