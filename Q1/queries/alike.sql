-- One row per value, period of the first start, last period and periods with activity: how many
-- users are alike in these, and what there is of their records, as in cohort_triangle.sql.
SELECT
    of_user,
    value,
    start_place,
    %(last_of_alike)s AS last_place,
    %(unpacked)s AS periods,
    count(*) AS users,
    count(*) FILTER (WHERE started_again) AS started_again,
    count(*) FILTER (WHERE active_before_start) AS active_before_start,
    sum(records::float8) AS records,
    sum(%(with_time)s::float8) AS records_with_time,
    min(first_time) AS first_time,
    max(last_time) AS last_time,
    min(%(first_clock)s) AS first_clock,
    max(%(last_clock)s) AS last_clock
FROM user_summary
GROUP BY of_user, value, start_place, last_place, packed
