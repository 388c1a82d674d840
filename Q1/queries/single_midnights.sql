-- One row: whether each day begins once, at the moment that its midnight is taken for, which is not
-- so where clocks go back over that midnight, or skip it and some time before; and how many seconds
-- clocks are ahead of UTC, if that never changes on all these days.
WITH

midnights AS (
    -- One row per day near whose beginning clocks change.
    SELECT
        days.start,
        days.start AT TIME ZONE %(time_zone)s AS moment
    FROM
        generate_series(
            %(first_day)s::date - interval '1 day',
            %(last_day)s::date + interval '1 day',
            interval '1 day'
        ) AS days (start)
    WHERE
        (days.start - interval '1 day') AT TIME ZONE %(time_zone)s + interval '48 hours'
        <> (days.start + interval '1 day') AT TIME ZONE %(time_zone)s
)

SELECT
    count(*) = 0 AS single,
    CASE
        WHEN NOT EXISTS (SELECT changes.start FROM midnights AS changes)
            THEN
                extract(
                    EPOCH FROM
                    %(first_day)s::timestamp
                    - %(first_day)s::timestamp AT TIME ZONE %(time_zone)s AT TIME ZONE 'UTC'
                )::integer
    END AS seconds_ahead
FROM midnights
CROSS JOIN
    generate_series(
        midnights.moment - interval '24 hours',
        midnights.moment + interval '24 hours',
        interval '15 minutes'
    ) AS quarters (moment)
WHERE
    (quarters.moment AT TIME ZONE %(time_zone)s >= midnights.start)
    <> (quarters.moment >= midnights.moment)
    OR (midnights.moment - interval '1 microsecond') AT TIME ZONE %(time_zone)s >= midnights.start
