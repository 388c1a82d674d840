-- One row per user: the row that all questions about activity are answered from, its periods with
-- activity as their first days, one text.
SELECT
    uid,
    value,
    (%(period_starts)s::date[])[start_place + 1] AS cohort,
    first_start_time AS first_start,
    first_time AS first_event,
    last_time AS last_event,
    records,
    %(listed)s AS active
FROM user_summary
WHERE of_user
ORDER BY uid
