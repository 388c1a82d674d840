-- Bring the rollup up to date for the days whose events changed; the caller makes it one
-- transaction and locks the tables. Running it again for the same events changes nothing.

-- By the planner's statistics a new day has few rows: it would compare each with each. Before
-- PostgreSQL 18 a plan without loops may seem so costly that it is compiled, which takes longer.
SET LOCAL enable_nestloop = off;
SET LOCAL jit = off;

-- One row per user and day with an event, of the days to refresh, as the events are now; in order
-- of days, since the BRIN index wants them together.
CREATE TEMP TABLE refreshed_day ON COMMIT DROP AS
SELECT
    uid::text AS uid,
    day,
    bool_or(event_name = %(install_event)s) IS TRUE AS installed
FROM piwik_track
WHERE
    time >= %(first_moment)s
    AND time < %(moment_after)s
    AND day BETWEEN %(first_day)s AND %(last_day)s  -- midnights that come twice
    AND uid::text <> ''
GROUP BY uid, day
ORDER BY day, uid;

ANALYZE refreshed_day;

-- One row per user who installed on one of these days, then or now: the first install until now.
CREATE TEMP TABLE installer ON COMMIT DROP AS
WITH

installers AS (
    -- One row per such user.
    SELECT uid
    FROM refreshed_day
    WHERE installed
    UNION
    SELECT uid
    FROM user_day
    WHERE installed AND day BETWEEN %(first_day)s AND %(last_day)s
)

SELECT
    installers.uid,
    (
        SELECT min(user_day.day)
        FROM user_day
        WHERE user_day.uid = installers.uid AND user_day.installed
    ) AS old_install_day
FROM installers;

-- The days themselves: rows that are gone, new or different.
DELETE FROM user_day
WHERE
    day BETWEEN %(first_day)s AND %(last_day)s
    AND NOT EXISTS (
        SELECT
        FROM refreshed_day
        WHERE refreshed_day.uid = user_day.uid AND refreshed_day.day = user_day.day
    );

MERGE INTO user_day
USING refreshed_day
    ON
        user_day.uid = refreshed_day.uid
        AND user_day.day = refreshed_day.day
        AND user_day.day BETWEEN %(first_day)s AND %(last_day)s
WHEN MATCHED AND user_day.installed <> refreshed_day.installed THEN
    UPDATE SET installed = refreshed_day.installed
WHEN NOT MATCHED THEN
    INSERT (uid, day, installed)
    VALUES (refreshed_day.uid, refreshed_day.day, refreshed_day.installed);

-- One row per cohort and day whose number of users changes: a user whose first install is another
-- day now takes the days that are not refreshed along, from the one cohort to the other. OFFSET 0
-- has these days looked up user by user: the planner cannot know that newcomers have none.
CREATE TEMP TABLE cohort_change ON COMMIT DROP AS
WITH

first_installs AS (
    -- One row per user who installed on a refreshed day: the first install until now, and now.
    SELECT
        installer.uid,
        installer.old_install_day,
        (
            SELECT min(user_day.day)
            FROM user_day
            WHERE user_day.uid = installer.uid AND user_day.installed
        ) AS new_install_day
    FROM installer
)

SELECT
    steps.install_day,
    other_days.day AS activity_day,
    sum(steps.change) AS change
FROM first_installs
CROSS JOIN
    LATERAL (
        SELECT user_day.day
        FROM user_day
        WHERE
            user_day.uid = first_installs.uid
            AND user_day.day NOT BETWEEN %(first_day)s AND %(last_day)s
        OFFSET 0 -- noqa: AM09
    ) AS other_days
CROSS JOIN
    unnest(  -- out of one cohort, into the other
        ARRAY[first_installs.old_install_day, first_installs.new_install_day],
        ARRAY[-1, 1]
    ) AS steps (install_day, change)
WHERE
    first_installs.old_install_day IS DISTINCT FROM first_installs.new_install_day
    AND steps.install_day <= other_days.day
GROUP BY steps.install_day, other_days.day
HAVING sum(steps.change) <> 0;

MERGE INTO cohort_day
USING cohort_change
    ON
        cohort_day.install_day = cohort_change.install_day
        AND cohort_day.activity_day = cohort_change.activity_day
WHEN MATCHED AND cohort_day.users + cohort_change.change = 0 THEN DELETE
WHEN MATCHED THEN UPDATE SET users = cohort_day.users + cohort_change.change
WHEN NOT MATCHED THEN
    INSERT (install_day, activity_day, users)
    VALUES (cohort_change.install_day, cohort_change.activity_day, cohort_change.change);

-- The refreshed days are counted anew.
DELETE FROM cohort_day
WHERE activity_day BETWEEN %(first_day)s AND %(last_day)s;

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
    refreshed_day.day AS activity_day,
    count(*) AS users
FROM refreshed_day
INNER JOIN first_installs ON refreshed_day.uid = first_installs.uid
WHERE refreshed_day.day >= first_installs.install_day
GROUP BY first_installs.install_day, refreshed_day.day;
