-- One row per day asked for: the first moment of that day in the time zone.
-- Where clocks are set back over midnight this is the earlier one, where they are set forward the
-- first that exists; so the neighbours of the naive answer are looked at, by quarters of an hour.
SELECT
    asked.day,
    min(moments.moment) AS first_moment
FROM (SELECT DISTINCT unnest(%(days)s::date[]) AS day) AS asked
CROSS JOIN
    generate_series(
        (asked.day::timestamp AT TIME ZONE %(time_zone)s) - interval '1 day',
        (asked.day::timestamp AT TIME ZONE %(time_zone)s) + interval '1 day',
        interval '15 minutes'
    ) AS moments (moment)
WHERE (moments.moment AT TIME ZONE %(time_zone)s)::date >= asked.day
GROUP BY asked.day
