-- One row per user and sixty days, of those with which the rollup is filled: the days with an event
-- and those with an install as the bits of a number, and the day of the user's first install in all
-- of them. It becomes a table, which is read once a day: the bits come first, where they are found
-- at once, and the rows of the same sixty days are together.
CREATE TEMP TABLE sixty_days ON COMMIT DROP AS
WITH

calendar AS ( -- noqa: ST03
    -- One row: when the days begin, in order.
    SELECT array_agg(%(begin)s ORDER BY periods.start) AS begins
    FROM
        generate_series(
            %(first_day)s::timestamp, %(last_day)s, interval '1 day'
        ) AS periods (start)
),

parts AS (
    -- One row per user and sixty days: the days, and the first with an install, by their numbers.
    SELECT
        uid::text AS uid,
        CASE WHEN %(long)s THEN %(number)s / 60 ELSE 0 END AS part,
        bit_or(1::bigint << mod(%(number)s, 60)) AS days,
        bit_or(1::bigint << mod(%(number)s, 60))
        FILTER (WHERE event_name = %(install_event)s) AS installs,
        min(%(number)s) FILTER (WHERE event_name = %(install_event)s) AS install_number
    FROM piwik_track
    WHERE
        time >= %(first_moment)s
        AND time < %(moment_after)s
        AND day BETWEEN %(first_day)s AND %(last_day)s  -- where midnights come twice
        AND uid::text <> ''
    GROUP BY uid::text, part
)

SELECT
    days,
    coalesce(installs, 0) AS installs,
    part,
    %(first_day)s + %(first_install)s AS install_day,
    uid
FROM parts
ORDER BY part
