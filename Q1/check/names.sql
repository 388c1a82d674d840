-- One row per name of which another differs in case or spaces alone.
SELECT event_name
FROM (
    SELECT
        event_name,
        lower(trim(regexp_replace(event_name, '[\s\pZ\x0B\x1C-\x1F\x85]+', ' ', 'g'))) AS folded
    FROM events
    WHERE event_name IS NOT NULL
    GROUP BY event_name
) AS names
QUALIFY count(*) OVER (PARTITION BY folded) > 1
