-- Two rows per users alike with a start: the ages with activity, as bits, and the last of them,
-- which is negative if there is none. Ages are periods since the first start, or brackets of them.
SELECT
    'active_on' AS name,
    value,
    start_place AS cohort,
    %(age_bits)s AS bits,
    least(%(last_age)s, %(last_bit)s) AS place,
    users
FROM alike
WHERE of_user AND start_place IS NOT NULL
UNION ALL
SELECT
    'last' AS name,
    value,
    start_place AS cohort,
    NULL AS bits,
    greatest(coalesce(%(last_age)s, -1), -1) AS place,
    users
FROM alike
WHERE of_user AND start_place IS NOT NULL
