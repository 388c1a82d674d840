-- One row: the users with an event before their first start, without a start, and with starts on
-- several days.
WITH

users AS (
    -- One row per user.
    SELECT
        min(coalesce(moment, day)) AS first_event,
        min(coalesce(moment, day)) FILTER (WHERE starts) AS first_start,
        count(DISTINCT day) FILTER (WHERE starts) AS days
    FROM events
    WHERE uid IS NOT NULL
    GROUP BY uid
)

SELECT
    count(*) FILTER (WHERE first_event < first_start) AS before_start,
    count(*) FILTER (WHERE first_start IS NULL) AS without_start,
    count(*) FILTER (WHERE days > 1) AS several_days
FROM users
