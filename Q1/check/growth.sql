-- One row per value and period of the data: the users active in it, and of these the new, retained
-- and resurrected ones; those who were active in the one before, and no more; whether it is over,
-- and whether there is one before.
WITH

active AS (
    -- One row per user and period with activity or the first start.
    SELECT
        uid,
        start_of(day, $period, $week_day) AS start
    FROM events
    WHERE returns AND uid IS NOT NULL
    UNION
    SELECT
        uid,
        cohort AS start
    FROM members
    WHERE cohort IS NOT NULL
),

data AS (
    -- One row: the days of the data.
    SELECT
        min(day) AS first_day,
        max(day) AS last_day
    FROM events
),

numbers AS (
    -- One row per number.
    SELECT unnest(range(100000)) AS number
),

periods AS (
    -- One row per period.
    SELECT
        periods_after(start_of(data.first_day, $period, $week_day), $period, numbers.number)
            AS start,
        data.last_day
    FROM data
    CROSS JOIN numbers
    WHERE
        numbers.number <= periods_between(
            start_of(data.first_day, $period, $week_day),
            start_of(data.last_day, $period, $week_day),
            $period
        )
),

users AS (
    -- One row per period and user who is active in it, or was in the one before.
    SELECT
        periods.start,
        members.value,
        members.other,
        members.cohort,
        bool_or(active.start = periods.start) AS now,
        bool_or(active.start < periods.start) AS before
    FROM periods
    INNER JOIN active
        ON active.start IN (periods.start, periods_after(periods.start, $period, -1))
    INNER JOIN members ON active.uid = members.uid
    GROUP BY periods.start, members.uid, members.value, members.other, members.cohort
),

groups AS (
    -- One row per value of a user who is ever active.
    SELECT DISTINCT
        members.value,
        members.other
    FROM members
    INNER JOIN active ON members.uid = active.uid
)

SELECT
    groups.value,
    groups.other,
    periods.start,
    count(*) FILTER (WHERE users.now) AS active,
    count(*) FILTER (WHERE users.now AND NOT users.before AND users.cohort = periods.start) AS new,
    count(*) FILTER (WHERE users.now AND users.before) AS retained,
    count(*) FILTER (
        WHERE users.now AND NOT users.before AND users.cohort IS DISTINCT FROM periods.start
    ) AS resurrected,
    count(*) FILTER (WHERE users.before AND NOT users.now) AS churned,
    periods_after(periods.start, $period, 1) <= periods.last_day + 1 AS observed,
    periods.start > (SELECT min(firsts.start) FROM periods AS firsts) AS has_before
FROM groups
CROSS JOIN periods
LEFT JOIN users
    ON
        groups.value IS NOT DISTINCT FROM users.value
        AND groups.other = users.other
        AND periods.start = users.start
GROUP BY ALL
