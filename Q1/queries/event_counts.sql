-- One row per name of an event: how many records have it.
SELECT
    event_name::text AS event_name,
    count(*) AS records
FROM data_record
WHERE event_name IS NOT NULL
GROUP BY event_name
ORDER BY records DESC, event_name ASC
