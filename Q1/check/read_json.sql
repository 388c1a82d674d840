-- One row per line of a file, as texts; what is not in the line, or no object, is null.
INSERT INTO written BY NAME
SELECT
    if(
        coalesce(json_type(json, $uid), '') = 'VARCHAR', json ->> $uid, number_text(json ->> $uid)
    ) AS uid,
    json ->> $time AS time,
    if(
        coalesce(json_type(json, $event_name), '') = 'VARCHAR',
        json ->> $event_name,
        number_text(json ->> $event_name)
    ) AS event_name,
    if(
        coalesce(json_type(json, $value), '') = 'VARCHAR',
        json ->> $value,
        number_text(json ->> $value)
    ) AS value
FROM read_ndjson_objects($path, ignore_errors = true, hive_partitioning = false)
WHERE
    coalesce(json_type(json, $uid), '') NOT IN ('ARRAY', 'OBJECT', 'BOOLEAN')
    AND coalesce(json_type(json, $event_name), '') NOT IN ('ARRAY', 'OBJECT', 'BOOLEAN')
    AND coalesce(json_type(json, $value), '') NOT IN ('ARRAY', 'OBJECT', 'BOOLEAN')
