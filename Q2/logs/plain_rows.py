"""Rows of a table as records, in SQL, if they are plain: written as programs write them.

Each field is read together with a condition under which the kernel reads the same from it. A file
with any row that is not plain, broken or only written in another way, is left to the kernel. So the
kernel alone decides what is rejected and why.

Each condition is about one column and asked for itself: so DuckDB judges the entries of the
column's dictionaries instead of its rows, and reads nothing where statistics have the answer.
"""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from logs.extensions import ends_as_named
from logs.fields import CACHE, DATE, EPOCH, ISO, MOMENT, SIZE, STATUS, TIME, URL
from logs.names import LONGEST_NAME
from logs.tables import TIMESTAMPS, WHOLE, Table

LARGEST_SIZE = 10**12  # bytes, as in the kernel
LONGEST_URL = 1 << 18  # bytes: the row is far from too long, even percent-encoded
ZONE = "([Zz]|[+]00:?00)?"
REQUIRED = (DATE, TIME, MOMENT, SIZE, URL)


class Field(NamedTuple):
    """A value in SQL, and the condition under which the kernel would read the same.

    The condition is NULL where the column is, and nowhere else.
    """

    value: str
    plain: str
    usual: str = ""  # a narrower one, asked first: it costs less, or shows more


class Records(NamedTuple):
    """The rows of a table in SQL: what is read of the table, and the fields that this makes."""

    relation: str  # the columns that are read, under the names below
    columns: dict[int, str]  # by role
    fields: dict[str, Field]  # size, url, status, cache, and either moment or day and clock
    moment: str  # in UTC
    ordered: bool  # whether moments are in the order of their column, or days in that of theirs

    def query(self) -> str:
        """A query for moment, size, url, status, cache and, where it has a column, day."""
        values = {name: field.value for name, field in self.fields.items()} | {
            "moment": self.moment
        }
        named = ", ".join(f"{value} AS {name}" for name, value in values.items())
        return f"SELECT {named} FROM {self.relation}"  # noqa: S608

    def odd(self, usual: Collection[str] = ()) -> Iterator[str]:
        """Yield conditions on a column each; rows of which none holds are plain.

        The fields named in `usual` hold nothing but what is usual.
        """
        for role in REQUIRED:
            if role in self.columns:
                yield f"{self.columns[role]} IS NULL"
        for name, field in self.fields.items():
            if field.plain != "true" and name not in usual:
                yield f"NOT ({field.plain})"


def records_of(table: Table, with_cache: bool, extensions: tuple[str, ...] = ()) -> Records | None:
    """The records of a table, with the cache's result if asked for.

    A URL is usual if it ends with its extension wherever that is one of `extensions`. None where
    the type of a column is left to the kernel.
    """
    read = zip(table.columns, table.kinds, strict=True)
    found = dict(zip(table.layout.roles, read, strict=True))
    if not with_cache:  # which the kernel does not judge
        found.pop(CACHE, None)
    columns = {role: f"field_{role}" for role in found}
    kinds = {role: kind for role, (_, kind) in found.items()}
    try:
        times = moment_fields(columns, kinds, table)
        fields = times | {
            "size": size_field(columns[SIZE], kinds[SIZE]),
            "url": url_field(columns[URL], kinds[URL], extensions),
            "status": status_field(columns.get(STATUS), kinds.get(STATUS)),
            "cache": cache_field(columns.get(CACHE), kinds.get(CACHE)),
        }
    except KeyError:  # a type that is in none of the tables below
        return None
    named = ", ".join(f"{expression} AS field_{role}" for role, (expression, _) in found.items())
    return Records(
        f"(SELECT {named} FROM {table.relation})",  # noqa: S608
        columns,
        fields,
        moment=" + ".join(field.value for field in times.values()),
        ordered=MOMENT not in columns or kinds[MOMENT] != "VARCHAR",
    )


def moment_fields(columns: dict[int, str], kinds: dict[int, str], table: Table) -> dict[str, Field]:
    """The moment of a row, or its day and clock. Raises KeyError for types left to the kernel."""
    if MOMENT not in columns:
        return {
            "day": day_field(columns[DATE], kinds[DATE]),
            "clock": clock_field(columns[TIME], kinds[TIME]),
        }
    return {"moment": moment_field(columns[MOMENT], kinds[MOMENT], table)}


def moment_field(column: str, kind: str, table: Table) -> Field:
    """The moment that one column holds. Raises KeyError for types left to the kernel."""
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


def text_field(column: str, kind: str, condition: str) -> Field:
    """A text that is what its value is written as, and on whose value there is a condition."""
    value = f"TRY_CAST({column} AS {kind})"
    same = f"{value}::VARCHAR IS NOT DISTINCT FROM {column}"
    return Field(value, f"{same} AND {value} {condition}")


def day_field(column: str, kind: str) -> Field:
    """A date."""
    condition = "BETWEEN DATE '1970-01-01' AND DATE '2199-12-31'"
    if kind == "VARCHAR":
        return text_field(column, "DATE", condition)
    return Field({"DATE": column}[kind], f"{column} {condition}")


def clock_field(column: str, kind: str) -> Field:
    """A time of the day; most texts are known by a pattern, which costs less."""
    condition = "< TIME '24:00:00'"
    if kind != "VARCHAR":
        return Field({"TIME": column}[kind], f"{column} {condition}")
    field = text_field(column, "TIME", condition)
    digits = f"{column} GLOB '?[0-9]:[0-5][0-9]:[0-5][0-9]'"  # sets of digits take time
    usual = f"{digits} AND {column} >= '0' AND {column} < '24'"
    return Field(field.value, f"({usual}) OR ({field.plain})", usual)


def iso_field(column: str) -> Field:
    """A text such as 2024-11-14T22:06:40.123Z; with another offset it is not plain."""
    day, clock = day_field(f"{column}[:10]", "VARCHAR"), clock_field(f"{column}[12:19]", "VARCHAR")
    rest = f"regexp_full_match({column}[20:], '([.,][0-9]+)?{ZONE}')"
    between = f"{column}[11] IN ('T', 't', ' ')"
    plain = " AND ".join(f"({it})" for it in (day.plain, clock.plain, between, rest))
    return Field(f"{day.value} + {clock.value}", plain)


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
    condition = f"BETWEEN 0 AND {LARGEST_SIZE}"
    if kind in WHOLE:
        return Field(f"{column}::BIGINT", f"{column} {condition}")
    return text_field({"VARCHAR": column}[kind], "BIGINT", condition)


def url_field(column: str, kind: str, extensions: tuple[str, ...] = ()) -> Field:
    """A URL that no blanks pad."""
    text = {"VARCHAR": column}[kind]
    begins = f"{text} >= '!'"  # which comes after the blank, and costs less than `starts_with`
    plain = f"strlen({text}) < {LONGEST_URL} AND {begins} AND NOT ends_with({text}, ' ')"
    usual = f"{plain} AND ({ends_as_named(text, extensions)})" if extensions else ""
    return Field(text, plain, usual)


def status_field(column: str | None, kind: str | None) -> Field:
    """An HTTP status, 0 for none."""
    if column is None:
        return Field("0", "true")
    if kind in WHOLE:
        return Field(f"coalesce({column}, 0)::BIGINT", f"{column} BETWEEN 0 AND 999")
    field = text_field({"VARCHAR": column}[kind], "BIGINT", "BETWEEN 0 AND 999")
    return Field(f"coalesce({field.value}, 0)", f"({field.plain}) OR {column} IN ('-', '000')")


def cache_field(column: str | None, kind: str | None) -> Field:
    """A cache result, NULL for none; whole, since DuckDB groups by what is in dictionaries."""
    if column is None:
        return Field("''", "true")
    text = {"VARCHAR": column}[kind]
    return Field(text, f"{text} <> '' AND NOT {text} GLOB '*[!A-Za-z0-9-]*'")


def cache_name(text: str) -> str:
    """The first letters of a cache result in SQL, a `-` for none."""
    return f"coalesce(lower({text}[:{LONGEST_NAME}]), '-')"
