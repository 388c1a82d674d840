-- Three rows per users alike: as bits, the days with activity, and those at which there was some in
-- the 7 and in the 30 days that end then. OFFSET 0 keeps the planner from computing steps again.
WITH

in_two AS (
    -- One row per users alike, if active: the days at which there was some in 2 days.
    SELECT
        value,
        users,
        last_place,
        periods,
        periods | (periods >> 1) AS in_2
    FROM alike
    WHERE of_user AND last_place IS NOT NULL
    OFFSET 0 -- noqa: AM09
),

in_four AS (
    -- One row per users alike, if active: in 4 days.
    SELECT
        value,
        users,
        last_place,
        periods,
        in_2 | (in_2 >> 2) AS in_4
    FROM in_two
    OFFSET 0 -- noqa: AM09
),

in_eight AS (
    -- One row per users alike, if active: in 7 and 8 days.
    SELECT
        value,
        users,
        last_place,
        periods,
        in_4 | (in_4 >> 3) AS in_7,
        in_4 | (in_4 >> 4) AS in_8
    FROM in_four
    OFFSET 0 -- noqa: AM09
),

in_fifteen AS (
    -- One row per users alike, if active: in 15 days.
    SELECT
        value,
        users,
        last_place,
        periods,
        in_7,
        in_8 | (in_8 >> 7) AS in_15
    FROM in_eight
    OFFSET 0 -- noqa: AM09
)

SELECT
    'daily' AS name,
    value,
    NULL::integer AS cohort,
    periods AS bits,
    last_place AS place,
    users
FROM in_fifteen
UNION ALL
SELECT
    'weekly' AS name,
    value,
    NULL AS cohort,
    in_7 AS bits,
    least(last_place + 6, %(last_bit)s) AS place,
    users
FROM in_fifteen
UNION ALL
SELECT
    'monthly' AS name,
    value,
    NULL AS cohort,
    in_15 | (in_15 >> 15) AS bits,
    least(last_place + 29, %(last_bit)s) AS place,
    users
FROM in_fifteen
