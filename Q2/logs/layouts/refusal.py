"""What lines of no known format look like, and the option that reads them."""

import re

# What lines look like, and what to do; the first that any of them matches is named.
LOOKS = (
    (
        rb"\d{4}-\d\d-\d\d\t\d\d:\d\d:\d\d\t[A-Z]{3}\d[^\t]*\t[\d-]+\t",
        "they look like rows of a CloudFront log whose #Fields line was cut off: pass --log-format "
        "cloudfront",
    ),
    (
        rb"#(?:Software|Version|Date):",
        "they look like a W3C extended log whose #Fields line was cut off: keep it, or name the "
        "fields with --fields date,time,-,size,url",
    ),
    (
        rb'[^"]*\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d',
        "they look like an Apache or nginx log with a format of its own: pass it, "
        "like --log-format 'apache:%h %l %u %t \"%r\" %>s %b' or "
        "--log-format 'nginx:$remote_addr ...'",
    ),
    (
        rb"\s*[{\[]",
        "they look like JSON, but no keys are known to be a time, a size and a URL: name them, "
        "like --columns url=KEY,size=KEY",
    ),
    (
        rb"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\S* ",
        "they look like a table with blanks and no header: name its fields, like --fields "
        "date,time,-,size,url --delimiter space",
    ),
    (
        rb"(?=.*\d)[^\t]*(?:\t[^\t]*){2,}$",
        "they look like a table with tabs and no header: name its fields, like --fields "
        "date,time,-,size,url --delimiter tab",
    ),
    (
        rb"(?=.*\d)[^,;|]*(?:[,;|][^,;|]*){2,}$",
        "they look like a table with no header: name its fields, like --fields "
        "date,time,-,size,url --delimiter ,",
    ),
)
UNKNOWN = (
    "pass --log-format with a name or a format string, or name the fields with --fields "
    "date,time,-,size,url"
)


def look_of(lines: list[bytes]) -> str:
    """What the first lines of a file look like, and what to do."""
    for pattern, advice in LOOKS:
        if any(re.match(pattern, line) for line in lines):
            return advice
    return UNKNOWN
