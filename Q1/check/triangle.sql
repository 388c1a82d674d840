-- One row per cohort and age, to the age of the oldest cohort on the data's last day, or to
-- `follow`: the users whose first install is in one period, those active in the period of that age,
-- those active in it or later, and whether that period is over by the last day.
WITH

members AS (
    -- One row per user with an install.
    SELECT
        uid,
        date_trunc($period, min(day))::date AS cohort
    FROM events
    WHERE uid IS NOT NULL AND event_name = $install_event
    GROUP BY uid
),

visits AS (
    -- One row per member and age with an event.
    SELECT DISTINCT
        members.uid,
        members.cohort,
        date_diff($period, members.cohort, date_trunc($period, events.day)::date) AS age
    FROM members
    INNER JOIN events ON members.uid = events.uid
    WHERE events.day >= members.cohort
),

last_visits AS (
    -- One row per cohort and age: the members who were active for the last time.
    SELECT
        cohort,
        age,
        count(*) AS users
    FROM (
        SELECT
            cohort,
            max(age) AS age
        FROM visits
        GROUP BY uid, cohort
    ) AS last_visit
    GROUP BY cohort, age
),

data AS (
    -- One row: the data's last day.
    SELECT max(day) AS last_day
    FROM events
),

ages AS (
    -- One row per age.
    SELECT unnest(
        range(
            1 + least(
                coalesce($follow, 366),
                (
                    SELECT date_diff($period, min(members.cohort), any_value(data.last_day))
                    FROM members, data
                )
            )
        )
    ) AS age
),

cells AS (
    -- One row per cohort and age: the first day after the period of that age.
    SELECT
        cohorts.cohort,
        ages.age,
        CASE $period
            WHEN 'day' THEN cohorts.cohort + to_days((ages.age + 1)::integer)
            WHEN 'week' THEN cohorts.cohort + to_weeks((ages.age + 1)::integer)
            ELSE cohorts.cohort + to_months((ages.age + 1)::integer)
        END AS day_after
    FROM (SELECT DISTINCT cohort FROM members) AS cohorts
    CROSS JOIN ages
)

SELECT
    cells.cohort,
    cells.age,
    (
        SELECT count(*)
        FROM members
        WHERE members.cohort = cells.cohort
    ) AS users,
    (
        SELECT count(*)
        FROM visits
        WHERE visits.cohort = cells.cohort AND visits.age = cells.age
    ) AS active_on,
    (
        SELECT coalesce(sum(last_visits.users), 0)::bigint
        FROM last_visits
        WHERE last_visits.cohort = cells.cohort AND last_visits.age >= cells.age
    ) AS active_on_or_after,
    cells.day_after <= data.last_day + to_days(1) AS observed
FROM cells
CROSS JOIN data
ORDER BY cells.cohort, cells.age
