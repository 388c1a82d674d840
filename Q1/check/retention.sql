-- One row per value, cohort and ages: the users whose first start is in one period, those active at
-- one of these ages, those active then or later, and whether the last of them is over for all. Ages
-- count periods, or windows of so many hours since the user's own first start.
WITH

visits AS (
    -- One row per member and age with activity.
    SELECT DISTINCT
        members.uid,
        CASE
            WHEN $window IS NULL
                THEN periods_between(
                    members.cohort, start_of(events.day, $period, $week_day), $period
                )
            ELSE floor(
                date_diff('microsecond', members.moment, events.moment) / ($window * 3600000000.0)
            )::bigint
        END AS age
    FROM members
    INNER JOIN events ON members.uid = events.uid
    WHERE events.returns AND members.day IS NOT NULL
),

data AS (
    -- One row: the data's last day and the day after it, and the first cohort.
    SELECT
        (SELECT max(day) FROM events) AS last_day,
        (SELECT min(cohort) FROM members) AS oldest
),

reached AS (
    -- One row: the last age that the first cohort has reached; days have 24 hours here.
    SELECT
        CASE
            WHEN $window IS NULL
                THEN periods_between(oldest, start_of(last_day, $period, $week_day), $period)
            ELSE (24 * (last_day + 1 - oldest) - 1) // $window
        END AS age
    FROM data
),

ages AS (
    -- One row per column.
    SELECT
        age AS first_age,
        age AS last_age
    FROM (
        SELECT unnest(range(1 + least(coalesce($follow, 366), reached.age))) AS age
        FROM reached
    ) AS single
    WHERE len($brackets) = 0 AND (len($ages) = 0 OR list_contains($ages, age))
    UNION ALL
    SELECT
        brackets.first_age,
        brackets.last_age
    FROM (
        SELECT
            lag(lasts.last_age, 1, -1) OVER (ORDER BY lasts.last_age) + 1 AS first_age,
            lasts.last_age
        FROM (SELECT unnest([0] || $brackets) AS last_age) AS lasts
    ) AS brackets
    CROSS JOIN reached
    WHERE brackets.first_age <= reached.age AND len($brackets) > 0
),

cohorts AS (
    -- One row per value and cohort.
    SELECT
        value,
        other,
        cohort,
        count(*) AS users
    FROM members
    WHERE cohort IS NOT NULL
    GROUP BY value, other, cohort
),

edges AS (
    -- One row per day after a cohort, and after the data.
    SELECT periods_after(cohort, $period, 1) AS day
    FROM cohorts
    UNION
    SELECT last_day + 1 AS day
    FROM data
),

around AS (
    -- One row per minute from a day before midnight to a day after it.
    SELECT unnest(range(-1560, 1560)) AS minute
),

minutes AS (
    -- One row per edge and minute around it: the moment, if windows are asked for.
    SELECT
        edges.day,
        edges.day + to_minutes(around.minute) AS moment
    FROM edges
    CROSS JOIN around
    WHERE $window IS NOT NULL
),

ends AS (
    -- One row per edge: the moment from which on no clock shows a day before it.
    SELECT
        day,
        max(moment) + to_minutes(1) AS moment
    FROM minutes
    WHERE timezone($time_zone, timezone('UTC', moment))::date < day
    GROUP BY day
)

SELECT
    cohorts.value,
    cohorts.other,
    cohorts.cohort,
    ages.first_age,
    ages.last_age,
    cohorts.users,
    count(DISTINCT visits.uid) FILTER (WHERE visits.age <= ages.last_age) AS active_on,
    count(DISTINCT visits.uid) AS active_on_or_after,
    CASE
        WHEN $window IS NULL
            THEN periods_after(cohorts.cohort, $period, ages.last_age + 1) <= data.last_day + 1
        ELSE (
            SELECT
                max(ends.moment) FILTER (WHERE ends.day = data.last_day + 1)
                - max(ends.moment) FILTER (
                    WHERE ends.day = periods_after(cohorts.cohort, $period, 1)
                )
                >= to_hours($window * (ages.last_age + 1))
            FROM ends
        )
    END AS observed
FROM cohorts
CROSS JOIN ages
CROSS JOIN data
INNER JOIN members
    ON
        cohorts.cohort = members.cohort
        AND cohorts.value IS NOT DISTINCT FROM members.value
        AND cohorts.other = members.other
LEFT JOIN visits ON members.uid = visits.uid AND ages.first_age <= visits.age
GROUP BY ALL
