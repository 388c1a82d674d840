-- Fill the empty rollup from `sixty_days`, which has the users' days as bits; the caller makes it
-- one transaction and locks the tables. The result is that of refresh_rollup.sql.

-- One row per user and day with an event, a day after the other, since the BRIN index wants them
-- together: OFFSET 0 keeps the planner from another order.
INSERT INTO user_day (uid, day, installed)
SELECT
    users.uid,
    %(first_day)s + calendar.number AS day,
    users.installs & calendar.bit <> 0 AS installed
FROM (
    SELECT
        number,
        1::bigint << mod(number, 60) AS bit
    FROM generate_series(0, %(last_day)s - %(first_day)s) AS numbers (number)
    OFFSET 0 -- noqa: AM09
) AS calendar
CROSS JOIN LATERAL (
    SELECT
        sixty_days.uid,
        sixty_days.installs
    FROM sixty_days
    WHERE
        sixty_days.days & calendar.bit <> 0
        AND (NOT %(long)s OR sixty_days.part = calendar.number / 60)
    OFFSET 0 -- noqa: AM09
) AS users;

ANALYZE user_day;

DELETE FROM cohort_day;

-- One row per day of first installs and later day: the users active on it.
WITH

visits AS (
    -- One row per cohort, sixty days and those of them with an event.
    SELECT
        install_day,
        part,
        days,
        count(*) AS users
    FROM sixty_days
    WHERE install_day IS NOT NULL
    GROUP BY install_day, part, days
),

tens AS (
    -- One row per cohort, ten days and those of them with an event: there are so few patterns of
    -- ten bits that few rows are left to be split into days.
    SELECT
        visits.install_day,
        60 * visits.part + 10 * digits.digit AS before,
        visits.days >> 10 * digits.digit & 1023 AS pattern,
        sum(visits.users) AS users
    FROM visits
    CROSS JOIN generate_series(0, 5) AS digits (digit)
    WHERE visits.days >> 10 * digits.digit & 1023 <> 0
    GROUP BY visits.install_day, before, pattern
)

INSERT INTO cohort_day (install_day, activity_day, users)
SELECT
    tens.install_day,
    %(first_day)s + tens.before + bits.bit AS activity_day,
    sum(tens.users) AS users
FROM tens
CROSS JOIN generate_series(0, 9) AS bits (bit)
WHERE
    tens.pattern >> bits.bit & 1 = 1
    AND %(first_day)s + tens.before + bits.bit >= tens.install_day
GROUP BY tens.install_day, activity_day;
