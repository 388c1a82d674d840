"""What both commands take: days, columns, and the options that name them, a server and an event."""

from datetime import date

import click

from common.output import FORMATS
from events.event import NAMES

FIRST_YEAR, LAST_YEAR = 1900, 2999
# Words by which other tools call options.
OTHER_WORDS = {
    **dict.fromkeys(("tz", "timezone"), "time-zone"),
    **dict.fromkeys(("since", "start"), "from"),
    **dict.fromkeys(("until", "end"), "to"),
    **dict.fromkeys(("group-by", "groupby"), "by"),
    **dict.fromkeys(("output", "output-format"), "format"),
    **dict.fromkeys(("interval", "granularity"), "period"),
    **dict.fromkeys(("url", "database", "host"), "dsn"),
    **dict.fromkeys(("file", "input"), "events"),
    **{"filter": "where", "limit": "top", "retention": "cohorts", "churn": "growth"},
}


class Day(click.ParamType):
    """A day such as 2017-04-01, within the years that a calendar and every time zone can hold."""

    name = "day"

    def convert(self, value, param, ctx) -> date:
        try:
            day = value if isinstance(value, date) else date.fromisoformat(value)
        except ValueError:
            day = None
        # Python also reads 20170401 and 2017-W13-6.
        if not day or str(day) != str(value) or not FIRST_YEAR <= day.year <= LAST_YEAR:
            self.fail(
                f"{value!r} is not a day from {FIRST_YEAR} to {LAST_YEAR}: write it like 2017-04-01"
            )
        return day


class Columns(click.ParamType):
    """A map from the names we use to those in the data."""

    name = "columns"

    def convert(self, value, param, ctx) -> dict[str, str]:
        if isinstance(value, dict):
            return value
        pairs = [pair.partition("=")[::2] for pair in value.split(",")]
        given = [(ours.strip(), theirs.strip()) for ours, theirs in pairs]
        pairs = dict(given)
        if not set(pairs) <= set(NAMES) or not all(pairs.values()):
            self.fail(f"{value!r} does not map {', '.join(NAMES)}: write uid=userid,time=eventDate")
        if len(pairs) < len(given):
            self.fail(f"{value!r} maps one of {', '.join(NAMES)} twice")
        return pairs


DAY = Day()

dsn_option = click.option(
    "--dsn",
    metavar="URL",
    help="Server to connect to, as postgresql://USER@HOST:PORT/DATABASE. By default the libpq "
    "variables (PGHOST, PGSERVICE ...) or DATABASE_URL name it, in the environment or in the file "
    ".env at the top of the project.",
)
columns_option = click.option(
    "--columns",
    type=Columns(),
    default={},
    show_default=False,
    metavar="OURS=THEIRS,...",
    help="Names of the columns where they are not uid, time and event_name, such as "
    "uid=userid,time=eventDate,event_name=eventName.",
)
install_event_option = click.option(
    "--install-event",
    default="FIRST_INSTALL",
    metavar="NAME",
    help="Name of the event that is an install.",
)
time_zone_option = click.option(
    "--time-zone",
    default="UTC",
    metavar="NAME",
    help="Time zone whose calendar days are counted, such as Asia/Hong_Kong.",
)
format_option = click.option(
    "--format",
    "output_format",
    type=click.Choice(FORMATS),
    default="text",
    help="Format of the result on standard output.",
)
