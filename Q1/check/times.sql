-- The moment in UTC of a time in ISO 8601 that is in parts; null if no calendar or clock has it.
CREATE MACRO iso_moment(iso) AS (
    WITH digits AS (
        -- One row: the digits of the date and of the clock.
        SELECT
            regexp_replace(iso['date'], '[-/]', '', 'g') AS ymd,
            rpad(replace(split_part(replace(iso['clock'], ',', '.'), '.', 1), ':', ''), 6, '0')
                AS hms,
            left(split_part(replace(iso['clock'], ',', '.'), '.', 2), 6) AS fraction,
            coalesce(try_cast(iso['hours'] AS integer), 0) AS hours,
            coalesce(try_cast(iso['minutes'] AS integer), 0) AS minutes
    )

    SELECT
        CASE
            WHEN hms[1:2] < '24' AND hours < 24 AND minutes < 60
                THEN try_cast(
                    format(
                        '{}-{}-{} {}:{}:{}.{}', ymd[1:4], ymd[5:6], ymd[7:8],
                        hms[1:2], hms[3:4], hms[5:6], rpad(fraction, 6, '0')
                    ) AS timestamp
                )
                - to_minutes(if(iso['sign'] = '-', -1, 1) * (60 * hours + minutes))
        END
    FROM digits
);

-- The moment in UTC of an epoch number: seconds, milli-, micro- or nanoseconds by its size. Null
-- for numbers that look like something else: a spreadsheet's dates, or days with a time.
CREATE MACRO number_moment(number, text) AS
CASE
    WHEN abs(number) >= 9000000000000000000 THEN NULL
    WHEN trunc(abs(number)) BETWEEN 20000 AND 80000 THEN NULL
    WHEN regexp_matches(text, '^(19|2\d)\d{6}(\.\d*)?$') THEN NULL
    WHEN
        regexp_matches(
            text,
            '^(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])([01]\d|2[0-3])[0-5]\d([0-5]\d)?$'
        )
        THEN NULL
    WHEN abs(number) < 100000000000
        THEN make_timestamp(floor(number * 1000000::decimal(7, 0))::bigint)
    WHEN abs(number) < 100000000000000
        THEN make_timestamp(floor(number * 1000::decimal(7, 0))::bigint)
    WHEN abs(number) < 100000000000000000 THEN make_timestamp(floor(number)::bigint)
    ELSE make_timestamp((floor(number)::hugeint - 999 * (number < 0)::int)::bigint // 1000)
END;

-- The moment in UTC of a time in a format of strptime, whose own letters are capitals here as those
-- of the time, since their case does not matter; that of Z, a zone that DuckDB does not know, does.
-- Nor does it know more than six decimals.
CREATE MACRO formatted_moment(time, format) AS
try_strptime(
    upper(
        regexp_replace(
            if(contains(format, '%f'), regexp_replace(time, '(\.\d{6})\d{1,3}', '\1'), time),
            if(contains(format, '%z'), 'Z$', '$'),
            if(contains(format, '%z') AND ends_with(time, 'Z'), '+00:00', '')
        )
    ),
    format
)::timestamp;
