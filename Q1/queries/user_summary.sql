-- One row per user, and one or two for the records of nobody: when the user came and began, and the
-- periods with activity as the bits of numbers. It is the one table between the events and the
-- questions about activity. With a rolling window the periods are those since the user's own first
-- start. A server that is asked by postgres_fdw groups its own users.
WITH

calendar AS (
    -- One row: what clocks show when the periods begin, in order. All before is period 0.
    SELECT array_agg(%(begin)s ORDER BY periods.start) AS begins
    FROM unnest(%(starts)s::timestamp[]) AS periods (start)
),

windows AS ( -- noqa: ST03
    -- One row: when rolling windows begin if one of them begins with the calendar, in order.
    SELECT array_agg(%(origin)s + numbers.number * %(length)s ORDER BY numbers.number) AS begins
    FROM generate_series(0, %(last_window)s) AS numbers (number)
),

events AS NOT MATERIALIZED (
    -- One row per record. The clock is its time, which is there without computing, or its day where
    -- that would be another order.
    SELECT
        uid,
        time,
        starts,
        returns,
        value,
        %(clock)s AS clock
    FROM data_record
),

users AS NOT MATERIALIZED (
    -- One row per user, and one or two for the records of nobody.
    SELECT
        uid,
        %(event_value)s AS first_value,
        %(event_bits)s AS activity,
        count(*) AS records,
        %(times)s AS records_with_time,
        min(time) AS first_time,
        max(time) AS last_time,
        min(clock) AS first_clock,
        max(clock) AS last_clock,
        min(time) FILTER (WHERE starts) AS first_start_time,
        min(clock) FILTER (WHERE starts) AS first_start,
        max(clock) FILTER (WHERE starts) AS last_start,
        %(last_return)s AS last_return
    FROM events
    GROUP BY uid
),

started AS NOT MATERIALIZED (
    -- The same rows, with the number of the window in which the user's first start lies, and how
    -- far from it that window begins: moved by as much, the windows since the start begin as these.
    -- OFFSET 0 has it found once a user.
    SELECT
        uid,
        first_value,
        activity,
        records,
        records_with_time,
        first_time,
        last_time,
        first_clock,
        last_clock,
        first_start_time,
        first_start,
        last_start,
        last_return,
        %(first_window)s AS first_window,
        %(shift)s AS shift
    FROM users
    OFFSET 0 -- noqa: AM09
)

SELECT
    uid,
    %(of_user)s IS TRUE AS of_user,
    %(user_value)s AS value,
    width_bucket(first_start, (SELECT calendar.begins FROM calendar)) AS start_place,
    %(user_bits)s AS packed,
    %(last_place)s AS last_place,
    records,
    records_with_time,
    first_time,
    last_time,
    first_clock,
    last_clock,
    first_start_time,
    first_start < last_start AND %(first_start_day)s < %(last_start_day)s AS started_again,
    first_time < first_start_time AS active_before_start
FROM started
