-- One row per row of a file that has as many cells as its header, as texts. Only cells that are not
-- there are null, such as `surplus`, the cell after the last one, and columns that are missing.
INSERT INTO written BY NAME
SELECT
    uid,
    time,
    event_name,
    value
FROM (
    SELECT
        uid,
        time,
        event_name,
        value,
        list_value(*COLUMNS(*)) AS cells
    FROM read_csv(
        $path,
        columns = $columns,
        delim = $delimiter,
        skip = $lines_before,
        header = true,
        quote = '"',
        escape = '"',
        nullstr = $not_there,
        null_padding = true,
        strict_mode = true,
        ignore_errors = true,
        auto_detect = false,
        hive_partitioning = false,
        parallel = false
    )
) AS file
WHERE
    list_count(cells) = $width
    AND NOT contains(array_to_string(cells, ''), chr(0))
