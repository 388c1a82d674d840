"""Rows of a table as records, in SQL, if they are plain: written as programs write them.

Each field is read together with a condition under which the kernel reads the same from it. A file
with any row that is not plain, broken or only written in another way, is left to the kernel. So the
kernel alone decides what is rejected and why.
"""

from typing import NamedTuple

from logs.fields import CACHE, DATE, EPOCH, ISO, MOMENT, SIZE, STATUS, TIME, URL
from logs.names import LONGEST_NAME
from logs.tables import TIMESTAMPS, WHOLE, Table

LARGEST_SIZE = 10**12  # bytes, as in the kernel
LONGEST_URL = 1 << 18  # bytes: the row is far from too long, even percent-encoded
ZONE = "([Zz]|[+]00:?00)?"


class Field(NamedTuple):
    """A value in SQL, and the condition under which the kernel would read the same."""

    value: str
    plain: str


def record_query(table: Table, with_cache: bool) -> str | None:
    """A query for moment, size, url, status, cache, if asked for, and plain of each row.

    None where the type of a column is left to the kernel.
    """
    columns = zip(table.columns, table.kinds, strict=True)
    found = dict(zip(table.layout.roles, columns, strict=True))
    if not with_cache:  # which the kernel does not judge
        found.pop(CACHE, None)
    columns = {role: f"field_{role}" for role in found}
    kind_of = {role: kind for role, (_, kind) in found.items()}
    try:
        fields = {
            "moment": moment_field(columns, kind_of, table),
            "size": size_field(columns[SIZE], kind_of[SIZE]),
            "url": url_field(columns[URL], kind_of[URL]),
            "status": status_field(columns.get(STATUS), kind_of.get(STATUS)),
            "cache": cache_field(columns.get(CACHE), kind_of.get(CACHE)),
        }
    except KeyError:  # a type that is in none of the tables below
        return None
    read = ", ".join(f"{expression} AS field_{role}" for role, (expression, _) in found.items())
    values = ", ".join(f"{field.value} AS {name}" for name, field in fields.items())
    plain = " AND ".join(f"({field.plain})" for field in fields.values())
    return f"SELECT {values}, {plain} AS plain FROM (SELECT {read} FROM {table.relation})"  # noqa: S608


def moment_field(columns: dict[int, str], kinds: dict[int, str], table: Table) -> Field:
    """The moment of a row, in UTC. Raises KeyError for types that are left to the kernel."""
    if MOMENT not in columns:
        day = day_field(columns[DATE], kinds[DATE])
        clock = clock_field(columns[TIME], kinds[TIME])
        return Field(f"{day.value} + {clock.value}", f"{day.plain} AND {clock.plain}")
    column, kind = columns[MOMENT], kinds[MOMENT]
    if kind in TIMESTAMPS:
        return in_range(f"make_timestamp(epoch_us({column}))")
    if table.layout.moment == EPOCH:
        return epoch_field(column, kind, table.layout.per_second)
    if table.layout.moment == ISO and kind == "VARCHAR":
        return iso_field(column)
    raise KeyError(kind)


def in_range(moment: str) -> Field:
    """A moment that counts from 1970 to 2199."""
    return Field(moment, f"{moment} >= '1970-01-01' AND {moment} < TIMESTAMP '2200-01-01'")


def day_field(column: str, kind: str) -> Field:
    """A date; a text is one if it is what the date is written as."""
    value = {"DATE": column, "VARCHAR": f"TRY_CAST({column} AS DATE)"}[kind]
    same = f" AND {value}::VARCHAR = {column}" * (kind == "VARCHAR")
    return Field(value, f"{value} BETWEEN DATE '1970-01-01' AND DATE '2199-12-31'{same}")


def clock_field(column: str, kind: str) -> Field:
    """A time of the day; a text is one if it is what the time is written as."""
    value = {"TIME": column, "VARCHAR": f"TRY_CAST({column} AS TIME)"}[kind]
    same = f" AND {value}::VARCHAR = {column}" * (kind == "VARCHAR")
    return Field(value, f"{value} < TIME '24:00:00'{same}")


def iso_field(column: str) -> Field:
    """A text such as 2024-11-14T22:06:40.123Z; with another offset it is not plain."""
    day, clock = day_field(f"{column}[:10]", "VARCHAR"), clock_field(f"{column}[12:19]", "VARCHAR")
    rest = f"regexp_full_match({column}[20:], '([.,][0-9]+)?{ZONE}')"
    between = f"{column}[11] IN ('T', 't', ' ')"
    return Field(
        f"{day.value} + {clock.value}", " AND ".join((day.plain, clock.plain, between, rest))
    )


def epoch_field(column: str, kind: str, per_second: int) -> Field:
    """A number of parts of a second since 1970; the fraction of a text is left out."""
    if kind in WHOLE:
        number, plain = column, f"{column} >= 0"
    else:
        text = {"VARCHAR": column}[kind]
        number = f"TRY_CAST(split_part({text}, '.', 1) AS BIGINT)"
        plain = f"regexp_full_match({text}, '[0-9]{{1,18}}([.][0-9]+)?')"
    moment = in_range(f"make_timestamp(({number} // {per_second})::BIGINT * 1000000)")
    return Field(moment.value, f"{plain} AND {moment.plain}")


def size_field(column: str, kind: str) -> Field:
    """Bytes."""
    if kind in WHOLE:
        return Field(f"{column}::BIGINT", f"{column} BETWEEN 0 AND {LARGEST_SIZE}")
    value = f"TRY_CAST({ {'VARCHAR': column}[kind] } AS BIGINT)"
    plain = f"{value} BETWEEN 0 AND {LARGEST_SIZE} AND {value}::VARCHAR = {column}"
    return Field(value, plain)


def url_field(column: str, kind: str) -> Field:
    """A URL that no blanks pad."""
    text = {"VARCHAR": column}[kind]
    begins = f"{text} >= '!'"  # which comes after the blank, and costs less than `starts_with`
    return Field(
        text, f"strlen({text}) < {LONGEST_URL} AND {begins} AND NOT ends_with({text}, ' ')"
    )


def status_field(column: str | None, kind: str | None) -> Field:
    """An HTTP status, 0 for none."""
    if column is None:
        return Field("0", "true")
    if kind in WHOLE:
        return Field(f"coalesce({column}, 0)::BIGINT", f"coalesce({column}, 0) BETWEEN 0 AND 999")
    text = f"coalesce({ {'VARCHAR': column}[kind] }, '-')"
    number = f"coalesce(TRY_CAST({text} AS BIGINT), 0)"
    plain = f"{number} BETWEEN 0 AND 999 AND {number}::VARCHAR = {text}"
    return Field(number, f"{plain} OR {text} IN ('-', '000')")


def cache_field(column: str | None, kind: str | None) -> Field:
    """The first letters of a cache result."""
    if column is None:
        return Field("''", "true")
    text = f"coalesce({ {'VARCHAR': column}[kind] }, '-')[:{LONGEST_NAME}]"
    return Field(f"lower({text})", f"regexp_full_match({text}, '[A-Za-z0-9-]+')")


# What follows the last dot of the path's last segment; a host alone is not a file with a name.
NAME = rf"^[^?#]*\.([A-Za-z0-9-]{{1,{LONGEST_NAME}}})(?:[?#]|$)"
HOST_ALONE = "^[^?#]*://[^/?#]*(?:[?#]|$)"


def extension_of(url: str) -> str:
    """The extension of a URL in SQL, an empty string for none."""
    name = f"lower(regexp_extract({url}, '{NAME}', 1))"
    host_alone = f"contains({url}, '://') AND regexp_matches({url}, '{HOST_ALONE}')"
    return f"CASE WHEN {host_alone} THEN '' ELSE {name} END"


def has_extension(url: str, extensions: tuple[str, ...]) -> str:
    """Whether a URL has one of these extensions, in SQL; patterns are tried where they must be."""
    wanted = ", ".join(f"'{extension}'" for extension in extensions)
    within = " OR ".join(f"contains(lower({url}), '.{extension}')" for extension in extensions)
    ends = " OR ".join(f"ends_with({url}, '.{extension}')" for extension in extensions)
    more = " OR ".join(f"contains({url}, '{sign}')" for sign in ("?", "#", "://"))
    return (
        f"CASE WHEN NOT ({within}) THEN false WHEN ({ends}) AND NOT ({more}) THEN true "
        f"ELSE {extension_of(url)} IN ({wanted}) END"
    )
