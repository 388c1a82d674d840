-- One row per user: the moment and the day of the first start, the first day of its period, and the
-- value then; all null without a start. `other` are the values that are not among the largest.
CREATE TABLE members AS
WITH

firsts AS (
    -- One row per user.
    SELECT
        uid,
        min(moment) FILTER (WHERE starts) AS moment,
        min(day) FILTER (WHERE starts) AS day
    FROM events
    WHERE uid IS NOT NULL
    GROUP BY uid
),

valued AS (
    -- One row per user: of several values at that moment the first in order.
    SELECT
        firsts.uid,
        firsts.moment,
        firsts.day,
        min(events.value) AS value
    FROM firsts
    LEFT JOIN events
        ON
            firsts.uid = events.uid
            AND events.starts
            AND firsts.moment = events.moment
            AND $by IS NOT NULL
    GROUP BY firsts.uid, firsts.moment, firsts.day
),

largest AS (
    -- One row per value that has the most users.
    SELECT value
    FROM valued
    WHERE value IS NOT NULL AND (day IS NOT NULL OR NOT $cohorts)
    GROUP BY value
    ORDER BY count(*) DESC, value ASC
    LIMIT $top
)

SELECT
    valued.uid,
    valued.moment,
    valued.day,
    start_of(valued.day, $period, $week_day) AS cohort,
    largest.value,
    valued.value IS NOT NULL AND largest.value IS NULL AS other
FROM valued
LEFT JOIN largest ON valued.value = largest.value
