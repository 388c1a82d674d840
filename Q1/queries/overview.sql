-- One row: how much there is, and the users for whom an install is not one clear day.
WITH

users AS (
    -- One row per user; events without a user are the row whose uid is null.
    SELECT
        uid,
        count(*) AS records,
        min(time) AS first_time,
        min(day) AS first_day,
        max(day) AS last_day,
        min(time) FILTER (WHERE event_name = %(install_event)s) AS first_install_time,
        min(day) FILTER (WHERE event_name = %(install_event)s) AS first_install_day,
        max(day) FILTER (WHERE event_name = %(install_event)s) AS last_install_day
    FROM piwik_track
    GROUP BY uid
)

SELECT
    coalesce(sum(records), 0)::bigint AS records,
    count(uid) AS users,
    coalesce(sum(records) FILTER (WHERE uid IS NULL), 0)::bigint AS records_without_user,
    min(first_day) AS first_day,
    max(last_day) AS last_day,
    min(first_install_day) AS first_install_day,
    max(last_install_day) AS last_install_day,
    count(uid) FILTER (WHERE first_install_day IS NULL) AS users_without_install,
    count(uid) FILTER (WHERE first_install_day < last_install_day) AS users_reinstalled,
    count(uid) FILTER (WHERE first_time < first_install_time) AS users_active_before_install
FROM users
