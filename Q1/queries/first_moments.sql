-- One row per day asked for: the first moment at which clocks in the time zone show that day or a
-- later one, and the first from which on they show no day before it. The two differ where clocks go
-- back over midnight. Where clocks skip midnight or the day, it is the moment after.
WITH

asked AS (
    -- One row per day: a moment at which it begins or, where clocks change, would begin.
    SELECT
        days.day,
        days.day::timestamp AT TIME ZONE %(time_zone)s AS midnight
    FROM (SELECT DISTINCT unnest(%(days)s::date[]) AS day) AS days
),

quarters AS (
    -- One row per day and quarter of an hour around its midnight: has it begun, and had it before?
    SELECT
        asked.day,
        moments.moment,
        (moments.moment AT TIME ZONE %(time_zone)s)::date >= asked.day AS begun,
        ((moments.moment - interval '15 minutes') AT TIME ZONE %(time_zone)s)::date
        >= asked.day AS begun_before
    FROM asked
    CROSS JOIN
        generate_series(
            asked.midnight - interval '1 day',
            asked.midnight + interval '1 day',
            interval '15 minutes'
        ) AS moments (moment)
)

SELECT
    quarters.day,
    min(seconds.moment) AS first_moment,
    max(seconds.moment) AS last_first_moment
FROM quarters
CROSS JOIN
    LATERAL (
        -- One row: the second of the quarter at which the day begins.
        SELECT min(moments.moment) AS moment
        FROM
            generate_series(
                quarters.moment - interval '899 seconds', quarters.moment, interval '1 second'
            ) AS moments (moment)
        WHERE (moments.moment AT TIME ZONE %(time_zone)s)::date >= quarters.day
    ) AS seconds
WHERE quarters.begun AND NOT quarters.begun_before
GROUP BY quarters.day
