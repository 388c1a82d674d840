-- No row: it only shows, by an error, that the column's type cannot have such a name.
SELECT event_name
FROM piwik_track
WHERE event_name = %(install_event)s
ORDER BY event_name
LIMIT 0
