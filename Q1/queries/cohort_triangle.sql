-- One row per cohort and age: a cohort is the users whose first install lies in one period (day,
-- week from Monday, or month); its age counts the periods since. Counts are null where the period
-- at that age is not over by the data's last day.
WITH

user_day AS (
    -- One row per user and day with an event; events without a user are rows whose uid is null.
    SELECT
        uid,
        day,
        bool_or(event_name = %(install_event)s) AS installed
    FROM piwik_track
    GROUP BY uid, day
),

calendar AS (
    -- One row per day with an event: the period it lies in, by first day and by number.
    SELECT
        day,
        date_trunc(%(period)s, day::timestamp)::date AS period,
        CASE %(period)s
            WHEN 'month' THEN 12 * extract(YEAR FROM day)::int + extract(MONTH FROM day)::int
            WHEN 'week' THEN (day - date '0001-01-01') / 7  -- that day was a Monday
            ELSE day - date '0001-01-01'
        END AS number
    FROM (SELECT DISTINCT user_day.day FROM user_day) AS days
),

members AS (
    -- One row per user with an install.
    SELECT
        user_day.uid,
        min(calendar.period) AS cohort,
        min(calendar.number) AS number
    FROM user_day
    INNER JOIN calendar ON user_day.day = calendar.day
    WHERE user_day.installed AND user_day.uid IS NOT NULL
    GROUP BY user_day.uid
),

visits AS (
    -- One row per member and age with an event.
    SELECT DISTINCT
        members.uid,
        members.cohort,
        calendar.number - members.number AS age
    FROM user_day
    INNER JOIN calendar ON user_day.day = calendar.day
    INNER JOIN members ON user_day.uid = members.uid
    WHERE calendar.number >= members.number
),

active AS (
    -- One row per cohort and age at which anyone was active.
    SELECT
        cohort,
        age,
        count(*) AS users
    FROM visits
    GROUP BY cohort, age
),

departed AS (
    -- One row per cohort and age at which anyone was active for the last time.
    SELECT
        last_visits.cohort,
        last_visits.age,
        count(*) AS users
    FROM (
        SELECT
            cohort,
            least(max(age), %(follow)s) AS age  -- later ages are not shown
        FROM visits
        GROUP BY uid, cohort
    ) AS last_visits
    GROUP BY last_visits.cohort, last_visits.age
),

observation AS (
    -- One row: the data's last day, and the age of the oldest cohort on it.
    SELECT
        max(day) AS last_day,
        max(number) - (SELECT min(members.number) FROM members) AS oldest_age
    FROM calendar
),

cells AS (
    -- One row per cohort and age, to the same age for all cohorts.
    SELECT
        sizes.cohort,
        sizes.users,
        ages.age,
        sizes.cohort + (ages.age + 1) * ('1 ' || %(period)s)::interval
        <= observation.last_day + interval '1 day' AS observed
    FROM active AS sizes
    CROSS JOIN observation
    CROSS JOIN generate_series(0, least(observation.oldest_age, %(follow)s)) AS ages (age)
    WHERE sizes.age = 0
)

SELECT
    cells.cohort,
    cells.users,
    cells.age,
    CASE WHEN cells.observed THEN coalesce(active.users, 0) END AS active_on,
    CASE
        WHEN cells.observed
            THEN coalesce(sum(departed.users) OVER from_age_on, 0)::bigint
    END AS active_on_or_after
FROM cells
LEFT JOIN active ON cells.cohort = active.cohort AND cells.age = active.age
LEFT JOIN departed ON cells.cohort = departed.cohort AND cells.age = departed.age
WINDOW from_age_on AS (PARTITION BY cells.cohort ORDER BY cells.age DESC)
ORDER BY cells.cohort, cells.age
