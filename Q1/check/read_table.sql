-- One row per row of a table, as COPY writes it: only what is null is not quoted.
INSERT INTO written BY NAME
SELECT
    uid,
    time,
    event_name,
    value
FROM read_csv(
    $path,
    columns = $columns,
    header = false,
    delim = ',',
    quote = '"',
    escape = '"',
    nullstr = '',
    allow_quoted_nulls = false,
    auto_detect = false
)
