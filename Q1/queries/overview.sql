-- One row: how many users there are within the limits, and for how many an install is not one clear
-- day.
WITH

users AS (
    -- One row per user.
    SELECT
        min(time) AS first_time,
        min(time) FILTER (WHERE starts) AS first_install_time,
        min(day) FILTER (WHERE starts) AS first_install_day,
        max(day) FILTER (WHERE starts) AS last_install_day
    FROM data_record
    WHERE of_user
    GROUP BY uid
)

SELECT
    count(*) AS users,
    count(*) FILTER (WHERE first_install_day IS NULL) AS users_without_install,
    count(*) FILTER (WHERE first_install_day < last_install_day) AS users_reinstalled,
    count(*) FILTER (WHERE first_time < first_install_time) AS users_active_before_install,
    min(first_install_day) AS first_install_day,
    max(last_install_day) AS last_install_day
FROM users
