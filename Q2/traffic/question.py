"""The question put to a log, and how a command line writes its parts.

This module loads no library, so that `--help` and wrong arguments cost nothing.
"""

from common.command import UserError

from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from logs.fields import CACHE, RESULT, STATUS, Layout
from logs.names import LONGEST_NAME, pack

GROUPINGS = ("extension", "date", "hour", "url", "status", "cache")
OVER_TIME = ("hour", "extension")  # the grouping behind the plot over time
SAMPLE_DAYS = (date(2017, 8, 24), date(2017, 8, 25))  # the period where no log is named
FIRST_YEAR, LAST_YEAR = 1900, 2999


@dataclass(frozen=True)
class Question:
    """Which requests count, and by what they are grouped. Without a day or names, all count."""

    first_day: date | None = None
    last_day: date | None = None  # included
    extensions: tuple[str, ...] = ()
    caches: tuple[str, ...] = ()  # results such as miss
    by: tuple[str, ...] = ()  # of GROUPINGS
    time_zone: tzinfo = UTC  # of days and hours

    def midnight(self, day: date) -> int:
        """The second since 1970-01-01 UTC at which a day begins."""
        return int(datetime(day.year, day.month, day.day, tzinfo=self.time_zone).timestamp())

    def columns_left_out(self) -> set[str]:
        """The columns of the records that the question does not look at."""
        unused = {"status", "cache"} - {*self.by, *(["cache"] if self.caches else [])}
        return unused if "url" in self.by else unused | {"url_start", "url_end"}

    def check(self, layout: Layout, file: str) -> None:
        """Raise `UserError` for a layout with rows that lack a field of the question."""
        for name, role in (("status", STATUS), ("cache", CACHE)):
            asked = name in self.by or (name == "cache" and self.caches)
            if asked and layout.roles and {role, RESULT}.isdisjoint(layout.roles):
                raise UserError(f"{file}: its rows have no {name} field; ask without {name}")

    def local(self, second: int) -> datetime:
        """The time in the question's zone."""
        return datetime.fromtimestamp(second, self.time_zone)


def ask(
    first: date | None,
    last: date | None,
    extensions: tuple[str, ...],
    caches: tuple[str, ...],
    by: str | None,
    time_zone: tzinfo,
    over_time: bool,
) -> Question:
    """Return the question of a command line, with its defaults. Raises `UserError`.

    `over_time` groups by hour and extension where the user groups by nothing.
    """
    if first and last and first > last:
        raise UserError(f"--from {first} is after --to {last}; swap them")
    extensions = dict.fromkeys(extensions or ["all" if by or caches else "jpg"])
    return Question(
        first_day=first,
        last_day=last,
        extensions=() if "all" in extensions else tuple(extensions),
        caches=tuple(dict.fromkeys(caches)),
        by=(by,) if by else OVER_TIME if over_time else (),
        time_zone=time_zone,
    )


# Types of options: each reads one value of the command line.


def day(text: str) -> date:
    """Return the day that `text` writes in ISO 8601. Raises click.BadParameter."""
    try:
        value = date.fromisoformat(text)
    except ValueError:
        value = None
    if not value or not FIRST_YEAR <= value.year <= LAST_YEAR:
        years = f"{FIRST_YEAR} to {LAST_YEAR}"
        raise click.BadParameter(f"{text!r} is not a day of {years}: write it like 2017-08-24")
    return value


def extension(text: str) -> str:
    """Return an extension in lower case, without a dot before it. Raises click.BadParameter."""
    lower = text.removeprefix(".").lower()
    check_name(lower, "jpg")
    return lower


def cache_result(text: str) -> str:
    """Return a cache result in lower case; its first 12 characters are compared.

    Raises click.BadParameter.
    """
    check_name(text.lower()[:LONGEST_NAME], "miss")
    return text.lower()


def check_name(name: str, example: str) -> None:
    """Raise click.BadParameter for a name that the kernel cannot pack."""
    try:
        pack(name)
    except ValueError as error:
        raise click.BadParameter(f"{error}: write it like {example}") from None
    if not name:
        raise click.BadParameter(f"the name is empty: write it like {example}")


def time_zone(text: str) -> ZoneInfo:
    """Return a time zone of the IANA database. Raises click.BadParameter."""
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        example = "name one like Asia/Hong_Kong"
        raise click.BadParameter(f"{text!r} is not a time zone: {example}") from None
