"""The question put to a log, and how a command line writes its parts.

This module loads no library, so that `--help` and wrong arguments cost nothing.
"""

from common.command import UserError

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from logs.fields import (
    CACHE,
    CONTENT_TYPE,
    EDGE,
    HOST,
    METHOD,
    REFERRER,
    RESULT,
    SKIP,
    STATUS,
    URL,
    Layout,
)
from logs.layouts.columns import MEANING_OF
from logs.names import LONGEST_NAME, pack
from traffic.measures import CACHE_SUMS, SUMS

NUMBERS = ("extension", "date", "hour", "status", "status_class", "cache")
# Groupings that are texts of the log
TEXTS = {
    "url": URL,
    "host": HOST,
    "referrer": REFERRER,
    "edge": EDGE,
    "content_type": CONTENT_TYPE,
    "method": METHOD,
}
GROUPINGS = (*NUMBERS, *TEXTS)
MANY = ("url", "referrer")  # groupings of which there are too many to show
TOP_TEXTS = 20  # groups shown of these
MEASURES = ("hits", "percentiles")
ORDERS = ("bytes", "requests", "hits", "misses")
NARROWING = ("by", "caches", "statuses", "urls", "excluded", "hosts")  # all files, not jpg alone
OVER_TIME = ("hour", "extension")  # the grouping behind the plot over time
SAMPLE_DAYS = (date(2017, 8, 24), date(2017, 8, 25))  # the period where no log is named
FIRST_YEAR, LAST_YEAR = 1900, 2999


@dataclass(frozen=True)
class Question:
    """Which requests count, how they are grouped, and what is measured of each group.

    Without a day, names or patterns, all requests count.
    """

    first_day: date | None = None
    last_day: date | None = None  # included
    extensions: tuple[str, ...] = ()
    caches: tuple[str, ...] = ()  # results such as miss
    statuses: tuple[str, ...] = ()  # such as 404 or 5xx
    by: tuple[str, ...] = ()  # of GROUPINGS
    time_zone: tzinfo = UTC  # of days and hours
    urls: tuple[str, ...] = ()  # patterns, of which a URL must match one
    excluded: tuple[str, ...] = ()  # patterns, of which it must match none
    hosts: tuple[str, ...] = ()  # patterns in lower case
    measures: tuple[str, ...] = ()  # of MEASURES

    @property
    def sums(self) -> tuple[str, ...]:
        """What is added up for each group."""
        return SUMS + CACHE_SUMS * ("hits" in self.measures)

    @property
    def is_sized(self) -> bool:
        """Whether percentiles of sizes are asked for."""
        return "percentiles" in self.measures

    @property
    def keys(self) -> tuple[str, ...]:
        """What requests are added up by: the groupings, and their size if percentiles need it."""
        return self.by + ("size",) * self.is_sized

    @property
    def is_of_texts(self) -> bool:
        """Whether groups are texts, of which there may be very many."""
        return not TEXTS.keys().isdisjoint(self.by)

    @property
    def roles(self) -> tuple[int, ...]:
        """The fields of the log, other than the URL, whose texts are asked for."""
        asked = {*self.by} | ({"host"} if self.hosts else set())
        return tuple(role for name, role in TEXTS.items() if name in asked and name != "url")

    @property
    def asks_cache(self) -> bool:
        """Whether the result of the cache matters."""
        return bool(self.caches) or "cache" in self.by or "hits" in self.measures

    @property
    def usual_order(self) -> str:
        """What groups are ranked by: bytes, or requests where it is about what became of them."""
        return "requests" if self.caches or self.statuses else "bytes"

    @property
    def asks_status(self) -> bool:
        """Whether the status matters."""
        return bool(self.statuses) or not {"status", "status_class"}.isdisjoint(self.by)

    @property
    def asks_period(self) -> bool:
        """Whether the period begins or ends where the log does."""
        return not (self.first_day and self.last_day)

    def midnight(self, day: date) -> int:
        """The second since 1970-01-01 UTC at which a day begins."""
        return int(datetime(day.year, day.month, day.day, tzinfo=self.time_zone).timestamp())

    def columns_left_out(self) -> set[str]:
        """The columns of the records that the question does not look at."""
        asks_url = "url" in self.by or self.urls or self.excluded
        unused = {"status": self.asks_status, "cache": self.asks_cache}
        unused |= {"url_start": asks_url, "url_end": asks_url}
        return {name for name, asked in unused.items() if not asked}

    def check(self, layout: Layout, file: str, kind: str) -> None:
        """Raise `UserError` for a layout whose rows lack a field; `kind` names its format."""
        if not layout.roles:
            return
        asked = {"status"} if self.asks_status else set()
        asked |= {"cache"} if self.asks_cache else set()
        missing = [
            name
            for name, role in (("status", STATUS), ("cache", CACHE))
            if name in asked and {role, RESULT}.isdisjoint(layout.roles)
        ]
        missing += [MEANING_OF[role] for role in self.roles if layout.place_of(role) < 0]
        if missing:
            raise UserError(
                f"{file}: its rows have no {missing[0]} field; the layout ({kind}) has "
                f"{', '.join(meanings(layout))}; ask without {missing[0]}, or name the field with "
                f"--columns {missing[0]}=NAME"
            )

    def in_words(self, by: tuple[str, ...]) -> str:
        """Which requests of any period count, and how the user groups them, as options."""
        said = {
            **{"extension": self.extensions, "cache": self.caches, "url": self.urls},
            **{"exclude": self.excluded, "host": self.hosts, "status": self.statuses, "by": by},
        }
        options = [f"--{name} {value}" for name, values in said.items() for value in values]
        return " ".join([*options, f"--time-zone {self.time_zone}"])

    def local(self, second: int) -> datetime:
        """The time in the question's zone."""
        return datetime.fromtimestamp(second, self.time_zone)


def meanings(layout: Layout) -> list[str]:
    """What the rows of a layout hold that can be asked for."""
    roles = [role for role in (*layout.roles, *layout.others) if role in MEANING_OF]
    derived = [role for role in TEXTS.values() if role not in roles and layout.place_of(role) >= 0]
    return [MEANING_OF[role] for role in (*roles, *derived) if role != SKIP]


def ask(
    over_time: bool = False,
    measures: tuple[str, ...] = (),
    orders: tuple[str, ...] = (),
    **said: object,
) -> Question:
    """Return the question of a command line, with its defaults. Raises `UserError`.

    `said` are fields of `Question`. `over_time` groups by hour and extension where the user groups
    by nothing; a rank by hits or misses measures them.
    """
    first, last = said["first_day"], said["last_day"]
    if first and last and first > last:
        raise UserError(f"--from {first} is after --to {last}; swap them")
    said = {name: each_once(it) if isinstance(it, tuple) else it for name, it in said.items()}
    if not {"hits", "misses"}.isdisjoint(orders):
        measures = (*measures, "hits")
    narrowed = any(said[name] for name in NARROWING)
    extensions = said["extensions"] or ("all" if narrowed or measures else "jpg",)
    said["extensions"] = () if "all" in extensions else extensions
    said["by"] = said["by"] or (OVER_TIME if over_time else ())
    return Question(measures=each_once(measures), **said)


def each_once(values: tuple) -> tuple:
    """The values in their order, none of them twice."""
    return tuple(dict.fromkeys(values))


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


def status(text: str) -> str:
    """Return a status such as 404, or a class such as 5xx. Raises click.BadParameter."""
    if not re.fullmatch(r"[1-9]xx|\d{3}", text.lower(), re.ASCII):
        raise click.BadParameter(f"{text!r} is not a status: write it like 404 or 5xx")
    return text.lower()


def pattern(text: str) -> str:
    """Return a pattern of URLs. Raises click.BadParameter."""
    if not text or not text.isprintable():
        raise click.BadParameter(f"{text!r} matches no URL: write it like '/videos/*'")
    return text


def host(text: str) -> str:
    """Return the name of a host, or a pattern, in lower case. Raises click.BadParameter."""
    if not text or not text.isprintable() or "/" in text:
        raise click.BadParameter(f"{text!r} is not a host: write it like cdn.example.com")
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
