"""Rows as every format gives them, and the columns in which they are found."""

from common.command import UserError

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from events.event import NAMES

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
    """

    uids: "pa.Array"
    times: "pa.Array"
    event_names: "pa.Array"
    lines: Callable[[], Sequence[int]]
    bad: list[BadRow] = field(default_factory=list)
    mark: str = ":"


def rows_of(rows: Sequence[tuple], lines: Sequence[int], bad: list[BadRow]) -> Rows:
    """Rows of (uid, time, event name) as texts or None, with their lines."""
    import pyarrow as pa

    columns = zip(*rows, strict=True) if rows else ((), (), ())
    return Rows(*(pa.array(column, pa.string()) for column in columns), lambda: lines, bad)


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can store a text: no byte that was not UTF-8, no NUL."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def why_not_storable(text: str | bytes) -> str:
    """Why PostgreSQL cannot store a text that is not storable."""
    return NUL if ("\0" if isinstance(text, str) else b"\0") in text else NOT_TEXT


def locate(place: str, titles: Sequence[str], headers: dict[str, str]) -> list[int]:
    """The positions of `NAMES` among the titles of columns (`headers` maps those that differ).

    Raises `UserError`, beginning with `place`, for a column that is missing or duplicate.
    """
    wanted = {name: headers.get(name, name) for name in NAMES}
    if len(set(wanted.values())) < len(NAMES):
        raise UserError(f"{place}: one column cannot be two of {', '.join(NAMES)}: see --columns")
    wrong = {name: title for name, title in wanted.items() if titles.count(title) != 1}
    if wrong:
        problems = (
            f"the column {title!r} is {'duplicate' if title in titles else 'missing'}"
            for title in wrong.values()
        )
        raise UserError(
            f"{place}: {', '.join(problems)} (there are: {', '.join(titles)}); "
            f"name with --columns {','.join(f'{name}=HEADER' for name in wrong)}"
        )
    return [titles.index(title) for title in wanted.values()]
