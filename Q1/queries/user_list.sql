-- One row per user: the row that all questions about activity are answered from, its periods as a
-- text of 0 and 1.
SELECT
    uid,
    value,
    start_place,
    first_start_time,
    first_time,
    last_time,
    records,
    (%(unpacked)s)::text AS periods
FROM user_summary
WHERE of_user
ORDER BY uid
