-- One row per name of an event of a user, a thousand at most: of how many users it is the first
-- event. The most frequent first events come first.
WITH

first_events AS (
    -- One row per user: the first event that has a name.
    SELECT DISTINCT ON (uid)
        uid,
        event_name
    FROM piwik_track
    WHERE event_name IS NOT NULL
    ORDER BY uid ASC, time ASC
),

names AS (
    -- One row per name.
    SELECT event_name
    FROM piwik_track
    WHERE event_name IS NOT NULL
    GROUP BY event_name
)

SELECT
    names.event_name::text AS event_name,
    count(first_events.uid) AS first_of_users
FROM names
LEFT JOIN first_events ON names.event_name = first_events.event_name
GROUP BY names.event_name
ORDER BY first_of_users DESC, event_name ASC
LIMIT 1000
