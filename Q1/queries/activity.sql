-- One row per measure, value, cohort and place: how many users. What the measures are, a file of
-- `measures/` says, as rows of users: those with bits count at the place of each bit that is set,
-- the others at their one place. `other` is true for the values that are not among the largest.
-- Every row also has what the same pass finds about the data, as in cohort_triangle.sql; if nobody
-- is counted, there is one row with these alone.
WITH

overview AS (
    -- One row: the data.
    SELECT
        coalesce(sum(records), 0)::bigint AS records,
        coalesce(sum(records) FILTER (WHERE NOT of_user), 0)::bigint AS records_without_user,
        coalesce(
            min(first_time) < %(data_from)s
            OR max(last_time) >= %(data_before)s
            OR sum(records_without_time) > 0,
            FALSE
        ) AS some_left_out,
        -- No more than the limits, since there are times that no calendar has.
        greatest(min(first_clock), %(first_limit)s) AS first_clock,
        least(max(last_clock), %(last_limit)s) AS last_clock,
        count(*) FILTER (WHERE of_user) AS all_users,
        count(*) FILTER (WHERE of_user AND start_place IS NULL) AS users_without_install,
        count(*) FILTER (WHERE of_user AND started_again) AS users_reinstalled,
        count(*) FILTER (WHERE of_user AND active_before_start) AS users_active_before_install
    FROM user_summary
),

days AS (
    -- One row: the first and the last day of the data.
    SELECT
        %(first_clock_day)s AS first_day,
        %(last_clock_day)s AS last_day
    FROM overview
),

largest AS (
    -- One row per value that has the most users.
    SELECT value
    FROM user_summary
    WHERE of_user AND value IS NOT NULL AND (start_place IS NOT NULL OR NOT %(of_cohorts)s)
    GROUP BY value
    ORDER BY count(*) DESC, value ASC
    LIMIT %(largest)s
),

patterns AS (
    -- One row per measure, value, cohort, ten places and those of them with an activity: there are
    -- so few patterns of ten bits that few rows are left to be split into places.
    SELECT
        measure.name,
        largest.value,
        measure.value IS NOT NULL AND largest.value IS NULL AS other,
        measure.cohort,
        tens.ten,
        substring(measure.bits FROM 10 * tens.ten + 1 FOR 10)::integer AS pattern,
        count(*) AS users
    FROM measure
    INNER JOIN generate_series(0, %(tens)s - 1) AS tens (ten) ON measure.place / 10 >= tens.ten
    LEFT JOIN largest ON measure.value = largest.value
    WHERE
        measure.place >= 0
        AND substring(measure.bits FROM 10 * tens.ten + 1 FOR 10)::integer <> 0
    GROUP BY measure.name, largest.value, other, measure.cohort, tens.ten, pattern
),

counts AS (
    -- One row per measure, value, cohort and place.
    SELECT
        patterns.name,
        patterns.value,
        patterns.other,
        patterns.cohort,
        10 * patterns.ten + bits.bit AS place,
        sum(patterns.users)::bigint AS users
    FROM patterns
    CROSS JOIN generate_series(0, 9) AS bits (bit)
    WHERE patterns.pattern >> 9 - bits.bit & 1 = 1
    GROUP BY patterns.name, patterns.value, patterns.other, patterns.cohort, place
    UNION ALL
    SELECT
        measure.name,
        largest.value,
        measure.value IS NOT NULL AND largest.value IS NULL AS other,
        measure.cohort,
        measure.place,
        count(*) AS users
    FROM measure
    LEFT JOIN largest ON measure.value = largest.value
    WHERE measure.bits IS NULL
    GROUP BY measure.name, largest.value, other, measure.cohort, measure.place
)

SELECT
    counts.name,
    counts.value,
    counts.other,
    counts.cohort,
    counts.place,
    counts.users,
    overview.records,
    overview.records_without_user,
    overview.some_left_out,
    days.first_day,
    days.last_day,
    overview.all_users,
    overview.users_without_install,
    overview.users_reinstalled,
    overview.users_active_before_install
FROM overview
CROSS JOIN days
LEFT JOIN counts ON TRUE
