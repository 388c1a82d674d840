-- One row per line of a file, as texts; what is not in the line, or no object, is null.
INSERT INTO written
SELECT
    json ->> $uid AS uid,
    json ->> $time AS time,
    json ->> $event_name AS event_name
FROM read_ndjson_objects($path, ignore_errors = true, hive_partitioning = false)
WHERE
    coalesce(json_type(json, $uid), '') NOT IN ('ARRAY', 'OBJECT', 'BOOLEAN')
    AND coalesce(json_type(json, $event_name), '') NOT IN ('ARRAY', 'OBJECT', 'BOOLEAN')
