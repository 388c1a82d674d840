-- One row: how much there is of the data, whether some records lie outside the limits, the first
-- and the last day, and for how many users an install is not one clear day.
WITH

events AS NOT MATERIALIZED (
    -- One row per record. The clock is its time, which is there without computing, or its day where
    -- that would be another order.
    SELECT
        uid,
        time,
        starts,
        %(clock)s AS clock
    FROM data_record
),

users AS (
    -- One row per user, and one or two for the records of nobody.
    SELECT
        uid,
        count(*) AS records,
        %(times)s AS records_with_time,
        min(time) AS first_time,
        max(time) AS last_time,
        min(clock) AS first_clock,
        max(clock) AS last_clock,
        min(time) FILTER (WHERE starts) AS first_install_time,
        min(clock) FILTER (WHERE starts) AS first_install,
        max(clock) FILTER (WHERE starts) AS last_install
    FROM events
    GROUP BY uid
),

counts AS (
    -- One row: the same of all. Sums of float8 are exact here, and cheaper than those of bigint.
    SELECT
        coalesce(sum(records::float8), 0)::bigint AS records,
        coalesce(sum(records::float8) FILTER (WHERE (%(of_user)s) IS NOT TRUE), 0)::bigint
            AS records_without_user,
        coalesce(
            min(first_time) < %(data_from)s
            OR max(last_time) >= %(data_before)s
            OR sum(%(with_time)s::float8) < sum(records::float8),
            FALSE
        ) AS some_left_out,
        -- No more than the limits, since there are times that no calendar has.
        greatest(min(%(first_clock)s), %(first_limit)s) AS first_clock,
        least(max(%(last_clock)s), %(last_limit)s) AS last_clock,
        greatest(min(first_install) FILTER (WHERE %(of_user)s), %(first_limit)s) AS first_install,
        least(max(last_install) FILTER (WHERE %(of_user)s), %(last_limit)s) AS last_install,
        count(*) FILTER (WHERE %(of_user)s) AS users,
        count(*) FILTER (WHERE %(of_user)s AND first_install IS NULL) AS users_without_install,
        count(*) FILTER (
            WHERE %(of_user)s
            AND first_install < last_install AND %(first_install_day)s < %(last_install_day)s
        ) AS users_reinstalled,
        count(*) FILTER (WHERE %(of_user)s AND first_time < first_install_time)
            AS users_active_before_install
    FROM users
)

SELECT
    records,
    records_without_user,
    some_left_out,
    %(first_clock_day)s AS first_day,
    %(last_clock_day)s AS last_day,
    CASE WHEN users > users_without_install THEN %(first_install_day)s END AS first_install_day,
    CASE WHEN users > users_without_install THEN %(last_install_day)s END AS last_install_day,
    users,
    users_without_install,
    users_reinstalled,
    users_active_before_install
FROM counts
