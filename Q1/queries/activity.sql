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
            OR sum(records_with_time) < sum(records),
            FALSE
        ) AS some_left_out,
        -- No more than the limits, since there are times that no calendar has.
        greatest(min(first_clock), %(first_limit)s) AS first_clock,
        least(max(last_clock), %(last_limit)s) AS last_clock,
        coalesce(sum(users) FILTER (WHERE of_user), 0)::bigint AS all_users,
        coalesce(sum(users) FILTER (WHERE of_user AND start_place IS NULL), 0)::bigint
            AS users_without_install,
        coalesce(sum(started_again) FILTER (WHERE of_user), 0)::bigint AS users_reinstalled,
        coalesce(sum(active_before_start) FILTER (WHERE of_user), 0)::bigint
            AS users_active_before_install
    FROM alike
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
    FROM alike
    WHERE of_user AND value IS NOT NULL AND (start_place IS NOT NULL OR NOT %(of_cohorts)s)
    GROUP BY value
    ORDER BY sum(users) DESC, value ASC
    LIMIT %(largest)s
),

sixties AS NOT MATERIALIZED (
    -- One row per users alike, measure and sixty places: those of them with an activity as the bits
    -- of a number, which is cheap to split. OFFSET 0 has it found once.
    SELECT
        measure.name,
        measure.value,
        measure.cohort,
        parts.part,
        substring(measure.bits FROM 60 * parts.part + 1 FOR 60)::bigint AS places,
        measure.users
    FROM measure
    INNER JOIN generate_series(0, %(sixties)s - 1) AS parts (part)
        ON measure.place / 60 >= parts.part
    WHERE measure.bits IS NOT NULL AND measure.place >= 0
    OFFSET 0 -- noqa: AM09
),

patterns AS (
    -- One row per measure, value, cohort, ten places and those of them with an activity: there are
    -- so few patterns of ten bits that few rows are left to be split into places. Sums of float8
    -- are exact here.
    SELECT
        sixties.name,
        sixties.value,
        sixties.cohort,
        60 * sixties.part + 10 * digits.digit AS before,
        sixties.places >> (50 - 10 * digits.digit) & 1023 AS pattern,
        sum(sixties.users::float8) AS users
    FROM sixties
    CROSS JOIN generate_series(0, 5) AS digits (digit)
    WHERE sixties.places >> (50 - 10 * digits.digit) & 1023 <> 0
    GROUP BY sixties.name, sixties.value, sixties.cohort, before, pattern
),

of_values AS (
    -- One row per measure, value, cohort and place.
    SELECT
        patterns.name,
        patterns.value,
        patterns.cohort,
        patterns.before + bits.bit AS place,
        sum(patterns.users) AS users
    FROM patterns
    CROSS JOIN generate_series(0, 9) AS bits (bit)
    WHERE patterns.pattern >> (9 - bits.bit) & 1 = 1
    GROUP BY patterns.name, patterns.value, patterns.cohort, place
    UNION ALL
    SELECT
        name,
        value,
        cohort,
        place,
        sum(users::float8) AS users
    FROM measure
    WHERE bits IS NULL
    GROUP BY name, value, cohort, place
),

counts AS (
    -- One row per measure, value that is shown, cohort and place.
    SELECT
        of_values.name,
        largest.value,
        of_values.value IS NOT NULL AND largest.value IS NULL AS other,
        of_values.cohort,
        of_values.place,
        sum(of_values.users)::bigint AS users
    FROM of_values
    LEFT JOIN largest ON of_values.value = largest.value
    GROUP BY of_values.name, largest.value, other, of_values.cohort, of_values.place
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
