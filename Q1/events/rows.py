"""Rows as every format gives them, and the columns in which they are found."""

from common.command import UserError

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from events.event import NAMES, VALUE, Headers

if TYPE_CHECKING:
    import pyarrow as pa

NOT_TEXT = "not UTF-8 text"
NUL = "a NUL character, which PostgreSQL does not store"


@dataclass(frozen=True)
class BadRow:
    """A row that is not an event, and the value, if it is one, that is wrong with it."""

    line: int
    reason: str
    value: str | None = None


@dataclass(frozen=True)
class Rows:
    """Some rows of a file, in its order.

    `uids` and `event_names` are strings or null, `times` may have any type that `times.moments`
    reads. `lines` gives the line on which each begins, which costs time; `bad` are rows among them
    that have no such columns. `mark` goes between the name of a file and the number of a line.
    `values`, if they were asked for, split the answers.
    """

    uids: "pa.Array"
    times: "pa.Array"
    event_names: "pa.Array"
    lines: Callable[[], Sequence[int]]
    bad: list[BadRow] = field(default_factory=list)
    mark: str = ":"
    values: "pa.Array | None" = None


def rows_of(rows: Sequence[tuple], lines: Sequence[int], bad: list[BadRow]) -> Rows:
    """Rows of (uid, time, event name), maybe with a value, as texts or None, with their lines."""
    import pyarrow as pa

    columns = zip(*rows, strict=True) if rows else ((), (), ())
    uids, times, event_names, *values = (pa.array(column, pa.string()) for column in columns)
    return Rows(uids, times, event_names, lambda: lines, bad, values=next(iter(values), None))


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can store a text: no byte that was not UTF-8, no NUL."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def why_not_storable(text: str | bytes) -> str:
    """Why PostgreSQL cannot store a text that is not storable."""
    return NUL if ("\0" if isinstance(text, str) else b"\0") in text else NOT_TEXT


def wanted_titles(headers: Headers) -> dict[str, str]:
    """The titles of the columns that are read, by our names."""
    titles = {name: headers.get(name) or name for name in NAMES}
    return titles | ({VALUE: headers[VALUE]} if VALUE in headers else {})


def locate(place: str, titles: Sequence[str], headers: Headers) -> list[int | None]:
    """The positions of our columns among some titles; None for one that may be missing, and is.

    Raises `UserError`, beginning with `place`, for another that is missing, or that is duplicate.
    """
    wanted = wanted_titles(headers)
    if len({wanted[name] for name in NAMES}) < len(NAMES):
        raise UserError(f"{place}: one column cannot be two of {', '.join(NAMES)}: see --columns")
    missing = [name for name, title in wanted.items() if title not in titles]
    optional = {name for name in missing if headers.get(name, name) is None}
    wrong = {
        name: title
        for name, title in wanted.items()
        if titles.count(title) != 1 and name not in optional
    }
    if wrong:
        raise UserError(f"{place}: {why_wrong(titles, wrong)}")
    return [None if name in optional else titles.index(title) for name, title in wanted.items()]


def why_wrong(titles: Sequence[str], wrong: dict[str, str]) -> str:
    """What is wrong with the titles for some of our columns, and the option that settles it."""
    problems = (
        f"the column {title!r} is {'duplicate' if title in titles else 'missing'}"
        for title in wrong.values()
    )
    fixes = [f"{name}=HEADER" for name in wrong if name != VALUE]
    fix = f"name with --columns {','.join(fixes)}" if fixes else "name another with --by"
    return f"{', '.join(problems)} (there are: {', '.join(titles)}); {fix}"
