-- One row per user, and one or two for the records of nobody: when the user came and began, and the
-- periods with activity as the bits of a string, the first period first. It is the one table
-- between the events and the questions about activity. With a rolling window the periods are those
-- since the user's own first start.
WITH

calendar AS (
    -- One row: what clocks show when the periods begin, in order. All before is period 0.
    SELECT array_agg(%(begin)s ORDER BY periods.start) AS begins
    FROM unnest(%(starts)s::timestamp[]) AS periods (start)
),

first_starts AS (
    -- One row per user with a start: when the first one was.
    SELECT
        uid,
        min(time) AS first_start_time
    FROM data_record
    WHERE starts
    GROUP BY uid
),

events AS NOT MATERIALIZED (
    -- One row per record. The clock is its time, which is there without computing, or its day where
    -- that would be another order.
    SELECT
        data_record.uid,
        data_record.time,
        data_record.starts,
        data_record.value,
        first_starts.first_start_time,  -- where users are compared with their first start
        data_record.%(counted)s AS returns,
        data_record.%(clock)s AS clock
    FROM data_record
    LEFT JOIN first_starts  -- where users are compared with their first start
        ON data_record.uid = first_starts.uid  -- where users are compared with their first start
),

users AS NOT MATERIALIZED (
    -- One row per user, and one or two for the records of nobody.
    SELECT
        uid,
        %(user_value)s AS value,
        bit_or(set_bit(%(no_periods)s, %(place)s, 1)) FILTER (WHERE returns) AS periods,
        count(*) AS records,
        count(*) FILTER (WHERE time IS NULL) AS records_without_time,
        min(time) AS first_time,
        max(time) AS last_time,
        min(clock) AS first_clock,
        max(clock) AS last_clock,
        min(time) FILTER (WHERE starts) AS first_start_time,
        min(clock) FILTER (WHERE starts) AS first_start,
        max(clock) FILTER (WHERE starts) AS last_start,
        max(%(return_clock)s) FILTER (WHERE returns) AS last_return
    FROM events
    GROUP BY uid
)

SELECT
    uid,
    %(of_user)s IS TRUE AS of_user,
    value,
    width_bucket(first_start, (SELECT calendar.begins FROM calendar)) AS start_place,
    coalesce(periods, %(no_periods)s) AS periods,
    %(last_place)s AS last_place,
    records,
    records_without_time,
    first_time,
    last_time,
    first_clock,
    last_clock,
    first_start_time,
    first_start < last_start AND %(first_start_day)s < %(last_start_day)s AS started_again,
    first_time < first_start_time AS active_before_start
FROM users
