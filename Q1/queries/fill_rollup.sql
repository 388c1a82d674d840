-- Fill the empty rollup for some days, as refresh_rollup.sql does, but all rows are new. The caller
-- makes it one transaction and locks the tables.

-- One row per user and day with an event, in order of days, since the BRIN index wants them
-- together. OFFSET 0 keeps the planner from sorting all events to have that order, and from taking
-- them for few, since it cannot know how many days there are.
INSERT INTO user_day (uid, day, installed)
SELECT
    days.uid,
    days.day,
    days.installed
FROM (
    SELECT
        uid::text AS uid,
        day,
        bool_or(event_name = %(install_event)s) IS TRUE AS installed
    FROM piwik_track
    WHERE
        time >= %(first_moment)s
        AND time < %(moment_after)s
        AND uid::text <> ''
    GROUP BY uid, day
    OFFSET 0 -- noqa: AM09
) AS days
WHERE days.day BETWEEN %(first_day)s AND %(last_day)s  -- midnights that come twice
ORDER BY days.day;

ANALYZE user_day;

DELETE FROM cohort_day;

-- One row per day of first installs and later day: the users active on it.
WITH

first_installs AS (
    -- One row per user with an install.
    SELECT
        uid,
        min(day) AS install_day
    FROM user_day
    WHERE installed
    GROUP BY uid
)

INSERT INTO cohort_day (install_day, activity_day, users)
SELECT
    first_installs.install_day,
    user_day.day AS activity_day,
    count(*) AS users
FROM user_day
INNER JOIN first_installs ON user_day.uid = first_installs.uid
WHERE user_day.day >= first_installs.install_day
GROUP BY first_installs.install_day, user_day.day;
