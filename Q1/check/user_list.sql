-- One row per user: the value and the period of the first start, and the periods with activity.
SELECT
    members.uid,
    members.value,
    members.cohort,
    coalesce(
        list(DISTINCT start_of(events.day, $period, $week_day))
        FILTER (WHERE events.returns),
        []
    ) AS active
FROM members
INNER JOIN events ON members.uid = events.uid
GROUP BY members.uid, members.value, members.cohort
