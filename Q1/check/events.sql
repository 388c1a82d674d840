-- One row per user, local day, name of an event and value: from `from_day` to `to_day`, or without
-- it until `present`; with `in_detail` one per moment as well. A user who is null is nobody. Rows
-- whose time cannot be read are left out. With `whole_days` times are dates, the same in every
-- zone. An event `starts` or `returns` if it begins a user's time or counts as coming back.
CREATE TABLE events AS
WITH

numbers AS (
    -- One row per row that was read: the time as a number, if it is one, to 12 decimals.
    SELECT
        uid,
        event_name,
        nullif(
            CASE $value_is
                WHEN 'uid' THEN uid
                WHEN 'time' THEN time
                WHEN 'event_name' THEN event_name
                ELSE value
            END,
            ''
        ) AS value,
        time,
        typed,
        try_cast(
            regexp_extract(
                regexp_replace(time, '(\.\d{12})\d+', '\1'),
                '^[+-]?\d+(\.\d*)?([eE][+-]?\d+)?$'
            ) AS decimal(31, 12)
        ) AS number
    FROM written
),

texts AS (
    -- One row per row that was read: a whole number has neither decimals nor an exponent.
    SELECT
        uid,
        event_name,
        value,
        number,
        time,
        typed,
        if(number = trunc(number), trunc(number)::varchar, time) AS text
    FROM numbers
),

parts AS (
    -- One row per row that was read: the parts of a time in ISO 8601; a number of eight digits may
    -- be one too.
    SELECT
        uid,
        event_name,
        value,
        number,
        time,
        typed,
        text,
        regexp_extract(
            text,
            '^(\d{4}-\d\d-\d\d|\d{4}/\d\d/\d\d|(?:19|2\d)\d{6})'
            || '(?:[T ](\d\d:\d\d|\d\d:\d\d:\d\d|\d{4}|\d{6}|(?:\d\d:\d\d:\d\d|\d{6})[.,]\d+))?'
            || '(?: ?(?:Z|UTC|([+-])(\d\d):?(\d\d)?))?$',
            ['date', 'clock', 'sign', 'hours', 'minutes']
        ) AS iso
    FROM texts
),

moments AS (
    -- One row per row that was read: the moment in UTC, cut off after the microseconds, so that no
    -- time reaches the next day.
    SELECT
        uid,
        event_name,
        value,
        time,
        CASE
            WHEN $time_format IS NOT NULL AND NOT typed
                THEN formatted_moment(time, $time_format)
            WHEN iso['date'] <> '' THEN iso_moment(iso)
            ELSE number_moment(number, text)
        END AS moment
    FROM parts
),

days AS (
    -- One row per event: the local day, and that of the present.
    SELECT
        uid,
        event_name,
        value,
        moment,
        if(
            $whole_days,
            try_cast(time AS date),
            timezone($time_zone, timezone('UTC', moment))::date
        ) AS day,
        timezone($time_zone, $present::timestamptz)::date AS today
    FROM moments
    WHERE $whole_days OR year(moment) BETWEEN 2 AND 9998
)

SELECT DISTINCT
    nullif(uid, '') AS uid,
    event_name,
    value,
    day,
    if($in_detail, moment, NULL) AS moment,
    CASE
        WHEN $cohort_by = 'first-event'
            THEN coalesce(NOT list_contains($exclude_event, event_name), TRUE)
        ELSE event_name = $install_event
    END AS starts,
    (len($return_event) = 0 OR coalesce(list_contains($return_event, event_name), FALSE))
    AND coalesce(NOT list_contains($exclude_event, event_name), TRUE) AS returns
FROM days
WHERE
    day >= coalesce($from_day, least($install_date, date '2000-01-01'))
    AND CASE
        WHEN $to_day IS NOT NULL THEN day <= $to_day
        WHEN $whole_days THEN day <= today
        ELSE timezone('UTC', moment) < $present::timestamptz
    END
