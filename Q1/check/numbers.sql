-- The text of a number without an exponent, a whole one without decimals; zero has no sign. Whole
-- numbers without an exponent keep all of their digits. What is no number stays as it is.
CREATE MACRO number_text(written) AS (
    WITH shortest AS (
        -- One row: the shortest digits that give the number back.
        SELECT
            if(
                regexp_matches(written, '^-?\d+$'),
                written,
                coalesce(try_cast(written AS double)::varchar, written)
            ) AS text
    ),

    parts AS (
        -- One row: the digits of a number that has an exponent, which is null if it has none.
        SELECT
            text,
            regexp_extract(text, '^(-?)\d', 1) AS sign,
            regexp_extract(text, '^-?(\d)', 1) AS digit,
            regexp_extract(text, '^-?\d\.(\d+)', 1) AS more,
            try_cast(regexp_extract(text, '^-?\d(?:\.\d+)?e([+-]\d+)$', 1) AS integer) AS power
        FROM shortest
    ),

    plain AS (
        -- One row: the number, and its text without an exponent.
        SELECT
            text,
            CASE
                WHEN coalesce(abs(power), 40) >= 40 THEN text
                WHEN power < 0 THEN concat(sign, '0.', repeat('0', -power - 1), digit, more)
                WHEN length(more) <= power THEN concat(sign, digit, rpad(more, power, '0'))
                ELSE concat(sign, digit, left(more, power), '.', substr(more, power + 1))
            END AS plain
        FROM parts
    )

    SELECT if(try_cast(text AS double) = 0, '0', regexp_replace(plain, '^(-?\d+)\.0*$', '\1'))
    FROM plain
);
