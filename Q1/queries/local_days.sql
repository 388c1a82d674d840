-- One row per moment asked for: the day that clocks in the time zone show.
SELECT
    asked.moment,
    (asked.moment AT TIME ZONE %(time_zone)s)::date AS day
FROM unnest(%(moments)s::timestamptz[]) AS asked (moment)
