-- One row: the first of some moments (UTC) when DuckDB's clocks show another time than some others.
SELECT min(moment) AS moment
FROM (
    SELECT
        unnest($moments) AS moment,
        unnest($shown) AS shown
) AS clocks
WHERE timezone($time_zone, timezone('UTC', moment)) <> shown
