-- One row per cohort and age: a cohort is the users whose first install lies in one period (day,
-- week from Monday, or month); its age counts the periods since. Counts are null where the period
-- at that age is not over by the data's last day. Every row also has what the same pass finds about
-- the data: the records, whether some lie outside the limits, their first and last day, and the
-- counts of overview.sql. If nobody installed, there is one row with these alone.
WITH

calendar AS (
    -- One row: the first days of the periods, in order, and what clocks show when they begin. A day
    -- more at both ends, since clocks that go back over midnight show days beyond those of the
    -- first and the last moment.
    SELECT
        array_agg(periods.start::date ORDER BY periods.start) AS starts,
        array_agg(%(begin)s ORDER BY periods.start) AS begins
    FROM
        generate_series(
            date_trunc(%(period)s, %(first_day)s::date - interval '1 day'),
            %(last_day)s::date + interval '1 day',
            ('1 ' || %(period)s)::interval
        ) AS periods (start)
),

events AS NOT MATERIALIZED (
    -- One row per record. The clock is its time, which is there without computing, or its day where
    -- that would be another order.
    SELECT
        uid,
        time,
        event_name,
        %(clock)s AS clock
    FROM data_record
),

sixty AS NOT MATERIALIZED (
    -- One row per user and sixty periods: those with an event as the bits of a number, and when
    -- the user came and installed. Where all periods are sixty at most, it is a row per user.
    SELECT
        uid,
        CASE
            WHEN %(long)s THEN (%(place)s) / 60
            ELSE 0
        END AS part,
        bit_or(1::bigint << %(bit)s) AS periods,
        count(*) AS records,
        %(times)s AS records_with_time,
        min(time) AS first_time,
        max(time) AS last_time,
        min(clock) AS first_clock,
        max(clock) AS last_clock,
        min(time) FILTER (WHERE event_name = %(install_event)s) AS first_install_time,
        min(clock) FILTER (WHERE event_name = %(install_event)s) AS first_install,
        max(clock) FILTER (WHERE event_name = %(install_event)s) AS last_install
    FROM events
    GROUP BY uid, part
),

users_of_sixty AS NOT MATERIALIZED ( -- noqa: ST03
    -- One row per user, and one or two for the records of nobody, if all periods are sixty at most.
    SELECT
        uid,
        %(of_user)s IS TRUE AS of_user,
        periods,
        NULL::integer AS last_active,  -- that of the highest bit
        records,
        records_with_time,
        first_time,
        last_time,
        first_clock,
        last_clock,
        first_install_time,
        first_install,
        last_install
    FROM sixty
),

users_of_more AS NOT MATERIALIZED (
    -- The same if there may be more periods.
    SELECT
        uid,
        %(of_user)s IS TRUE AS of_user,
        NULL::bigint AS periods,
        width_bucket(max(last_clock), (SELECT calendar.begins FROM calendar)) AS last_active,
        sum(records)::bigint AS records,
        sum(records_with_time)::bigint AS records_with_time,
        min(first_time) AS first_time,
        max(last_time) AS last_time,
        min(first_clock) AS first_clock,
        max(last_clock) AS last_clock,
        min(first_install_time) AS first_install_time,
        min(first_install) AS first_install,
        max(last_install) AS last_install
    FROM sixty
    GROUP BY uid
),

alike AS (
    -- One row per cohort, period of the last event and, of sixty periods, those with an event, with
    -- the number of users alike in these. Users without an install are a cohort too, null, and so
    -- is nobody. Sums of float8 are exact here, and need no memory of their own as those of bigint.
    SELECT
        of_user,
        width_bucket(first_install, (SELECT calendar.begins FROM calendar)) AS installed,
        last_active,
        periods,
        count(*) AS users,
        count(*) FILTER (
            WHERE first_install < last_install AND %(first_install_day)s < %(last_install_day)s
        ) AS reinstalled,
        count(*) FILTER (WHERE first_time < first_install_time) AS active_before_install,
        sum(records::float8) AS records,
        sum(%(with_time)s::float8) AS records_with_time,  -- the records, if all have a time
        min(first_time) AS first_time,
        max(last_time) AS last_time,
        min(%(first_clock)s) AS first_clock,  -- the first time again, if that is the clock
        max(%(last_clock)s) AS last_clock
    FROM %(users)s AS users -- noqa: AL05
    GROUP BY of_user, installed, last_active, periods
),

overview AS (
    -- One row: the data, of which only these columns are of nobody as well, and what overview.sql
    -- counts.
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
        coalesce(sum(users) FILTER (WHERE of_user AND installed IS NULL), 0)::bigint
            AS users_without_install,
        coalesce(sum(reinstalled) FILTER (WHERE of_user), 0)::bigint AS users_reinstalled,
        coalesce(sum(active_before_install) FILTER (WHERE of_user), 0)::bigint
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

visits_of_sixty AS NOT MATERIALIZED ( -- noqa: ST03
    -- One row per cohort, period of the last event and periods with an event.
    SELECT
        installed,
        0 AS part,
        periods,
        users
    FROM alike
    WHERE of_user AND installed IS NOT NULL
),

visits_of_more AS NOT MATERIALIZED (
    -- One row per cohort, sixty periods and those of them with an event.
    SELECT
        width_bucket(users.first_install, (SELECT calendar.begins FROM calendar)) AS installed,
        sixty.part,
        sixty.periods,
        count(*) AS users
    FROM users_of_more AS users
    INNER JOIN sixty ON users.uid = sixty.uid
    WHERE users.of_user AND users.first_install IS NOT NULL
    GROUP BY installed, sixty.part, sixty.periods
),

ends AS (
    -- One row: the first and the last of each sixty periods that may have events.
    SELECT
        CASE WHEN %(long)s THEN 0 ELSE width_bucket(days.first_day, calendar.starts) - 1 END
            AS first_bit,
        CASE WHEN %(long)s THEN 59 ELSE width_bucket(days.last_day, calendar.starts) - 1 END
            AS last_bit
    FROM days
    CROSS JOIN calendar
),

tens AS (
    -- One row per cohort, ten periods and those of them with an event: there are so few patterns of
    -- ten bits that few rows are left to be split into periods.
    SELECT
        visits.installed,
        60 * visits.part + tenths.bit AS before,
        visits.periods >> tenths.bit & 1023 AS pattern,
        sum(visits.users) AS users
    FROM %(visits)s AS visits
    CROSS JOIN ends
    CROSS JOIN generate_series(ends.first_bit, ends.last_bit, 10) AS tenths (bit)
    WHERE visits.periods >> tenths.bit & 1023 <> 0
    GROUP BY visits.installed, before, pattern
),

active AS (
    -- One row per cohort and age at which anyone was active.
    SELECT
        tens.installed,
        tens.before + bits.bit + 1 - tens.installed AS age,
        sum(tens.users)::bigint AS users
    FROM tens
    CROSS JOIN generate_series(0, 9) AS bits (bit)
    WHERE tens.pattern >> bits.bit & 1 = 1
    GROUP BY tens.installed, age
),

departed AS (
    -- One row per cohort and age at which anyone was active for the last time.
    SELECT
        installed,
        least(  -- later ages are not shown
            coalesce(last_active, width_bucket(periods, %(powers)s::bigint[])) - installed,
            %(follow)s
        ) AS age,
        sum(users) AS users
    FROM alike
    WHERE of_user AND installed IS NOT NULL
    GROUP BY installed, age
),

cells AS (
    -- One row per cohort and age, to the same age for all cohorts.
    SELECT
        sizes.installed,
        calendar.starts[sizes.installed] AS cohort,
        sizes.users,
        ages.age,
        calendar.starts[sizes.installed] + (ages.age + 1) * ('1 ' || %(period)s)::interval
        <= days.last_day + interval '1 day' AS observed
    FROM active AS sizes
    CROSS JOIN calendar
    CROSS JOIN days
    CROSS JOIN
        generate_series(
            0,
            least(
                width_bucket(days.last_day, calendar.starts)
                - (SELECT min(active.installed) FROM active),
                %(follow)s
            )
        ) AS ages (age)
    WHERE sizes.age = 0
),

triangle AS (
    -- One row per cohort and age.
    SELECT
        cells.cohort,
        cells.users,
        cells.age,
        CASE WHEN cells.observed THEN coalesce(active.users, 0) END AS active_on,
        CASE
            WHEN cells.observed
                THEN coalesce(sum(departed.users) OVER from_age_on, 0)::bigint
        END AS active_on_or_after
    FROM cells
    LEFT JOIN active ON cells.installed = active.installed AND cells.age = active.age
    LEFT JOIN departed ON cells.installed = departed.installed AND cells.age = departed.age
    WINDOW from_age_on AS (PARTITION BY cells.installed ORDER BY cells.age DESC)
)

SELECT
    triangle.cohort,
    triangle.users,
    triangle.age,
    triangle.active_on,
    triangle.active_on_or_after,
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
LEFT JOIN triangle ON TRUE
ORDER BY triangle.cohort, triangle.age
