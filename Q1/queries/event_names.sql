-- One row per name of an event of a user, the most frequent five.
SELECT
    event_name,
    count(*) AS records
FROM piwik_track
WHERE uid IS NOT NULL AND event_name IS NOT NULL
GROUP BY event_name
ORDER BY records DESC, event_name ASC
LIMIT 5
