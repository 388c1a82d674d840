-- One row per day of first installs and later day, from the rollup alone: the size of the cohort,
-- its age in days, and how many of its users were active on that day.
SELECT
    cohort_day.install_day AS cohort,
    sizes.users,
    cohort_day.activity_day - cohort_day.install_day AS age,
    cohort_day.users AS active_on
FROM cohort_day
INNER JOIN cohort_day AS sizes
    ON cohort_day.install_day = sizes.install_day AND sizes.install_day = sizes.activity_day
ORDER BY cohort_day.install_day, cohort_day.activity_day
