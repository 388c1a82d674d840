-- One row: the records from before the first install of their user, and how many users have some.
WITH

first_starts AS (
    -- One row per user with a start.
    SELECT
        uid,
        min(time) AS first_time
    FROM data_record
    WHERE of_user AND starts
    GROUP BY uid
),

early AS (
    -- One row per user with records from before the first start.
    SELECT
        data_record.uid,
        count(*) AS records
    FROM data_record
    INNER JOIN first_starts ON data_record.uid = first_starts.uid
    WHERE data_record.time < first_starts.first_time
    GROUP BY data_record.uid
)

SELECT
    coalesce(sum(records), 0)::bigint AS records,
    count(*) AS users
FROM early
