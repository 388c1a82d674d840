-- One row: whether a user who installed on the day has an event after the first moment of the
-- period's last day; then the data reach that day.
WITH

later_event AS (
    -- One row at most: an install of the day by a user with such an event.
    SELECT installs.uid
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
                AND visits.time >= %(last_active_from)s
                AND visits.time < %(data_before)s
                AND visits.day <= %(to_day)s  -- where midnights come twice
        )
    ORDER BY installs.time
    LIMIT 1
)

SELECT count(*) = 1 AS is_over FROM later_event
