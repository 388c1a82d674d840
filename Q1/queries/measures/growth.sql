-- Three rows per users alike: the periods with activity or the first start, as bits; those of them
-- that follow such a period; and the period of the first start, unless it follows one with
-- activity.
WITH

active AS NOT MATERIALIZED (
    -- One row per users alike.
    SELECT
        value,
        users,
        start_place,
        greatest(last_place, start_place) AS last_place,
        CASE
            WHEN start_place IS NULL THEN periods
            ELSE set_bit(periods, start_place, 1)
        END AS periods
    FROM alike
    WHERE of_user
)

SELECT
    'active' AS name,
    value,
    NULL::integer AS cohort,
    periods AS bits,
    last_place AS place,
    users
FROM active
UNION ALL
SELECT
    'retained' AS name,
    value,
    NULL AS cohort,
    periods & (periods >> 1) AS bits,
    last_place AS place,
    users
FROM active
UNION ALL
SELECT
    'new' AS name,
    value,
    NULL AS cohort,
    NULL AS bits,
    start_place AS place,
    users
FROM active
WHERE start_place IS NOT NULL AND get_bit(periods >> 1, start_place) = 0
