-- One row per user and sixty days, of those with which the rollup is filled: the days with an event
-- and those with an install as the bits of a number, and the day of the user's first install in all
-- of them. It becomes a table, which is read once a day: the bits come first, where they are found
-- at once, and the rows of the same sixty days are together.
CREATE TEMP TABLE sixty_days ON COMMIT DROP AS
SELECT
    bit_or(1::bigint << mod(day - %(first_day)s, 60)) AS days,
    bit_or(
        CASE
            WHEN event_name = %(install_event)s
                THEN 1::bigint << mod(day - %(first_day)s, 60)
            ELSE 0
        END
    ) AS installs,
    CASE WHEN %(long)s THEN (day - %(first_day)s) / 60 ELSE 0 END AS part,
    min(min(day) FILTER (WHERE event_name = %(install_event)s)) OVER of_user AS install_day,
    uid::text AS uid
FROM piwik_track
WHERE
    time >= %(first_moment)s
    AND time < %(moment_after)s
    AND day BETWEEN %(first_day)s AND %(last_day)s  -- where midnights come twice
    AND uid::text <> ''
GROUP BY uid::text, part
WINDOW of_user AS (PARTITION BY uid::text)
ORDER BY part
