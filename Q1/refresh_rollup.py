#!/usr/bin/env python3
"""Bring the rollup of `schema.sql` up to date for the days whose events changed."""

from common.command import Command, UserError

import os
import sys
from datetime import date

import click

from common.output import formatted
from retention.options import (
    DAY,
    columns_option,
    dsn_option,
    format_option,
    install_event_option,
    time_zone_option,
)

EXAMPLES = """\b
examples:
  psql "$DATABASE_URL" -f Q1/schema.sql    # once
  python Q1/refresh_rollup.py --days 2017-04-01 2017-04-08
  python Q1/refresh_rollup.py --dsn postgresql://analyst@127.0.0.1:5432/events \\
      --days 2017-04-01 2017-04-01
"""


@click.command(cls=Command, epilog=EXAMPLES)
@click.option(
    "--days",
    nargs=2,
    type=DAY,
    required=True,
    metavar="FROM TO",
    help="First and last day to refresh, both included.",
)
@dsn_option
@click.option(
    "--table",
    default="piwik_track",
    metavar="SCHEMA.NAME",
    help="Table or view with the events; it is only read.",
)
@columns_option
@install_event_option
@time_zone_option
@format_option
def main(
    days: tuple[date, date],
    dsn: str | None,
    table: str,
    columns: dict[str, str],
    install_event: str,
    time_zone: str,
    output_format: str,
) -> None:
    """Bring the rollup of Q1/schema.sql up to date for the days whose events changed.

    Days are whole days of the time zone. Refresh every day for which events came in, the late ones
    too. The work is one transaction: until it is done readers see the state before, and doing it
    again changes nothing.
    """
    first, last = days
    if first > last:
        raise UserError(f"--days {first} {last}: the days are in the wrong order")

    from postgres.connection import cancel_on_interrupt, chosen_server, session
    from retention.rollup import Refresh, refresh

    target, source = chosen_server(dsn, os.environ)
    if source == "embedded":
        raise UserError("no server is named: use --dsn, PGHOST or DATABASE_URL")
    asked = Refresh(first, last, table, columns, install_event, time_zone)
    with session(target, source, "READ COMMITTED") as connection:
        cancel_on_interrupt()
        summary = refresh(connection, asked)
        connection.commit()
    text = "{first_day} to {last_day}: {user_days:,} user days, {cohort_days:,} cohort days"
    rows = [summary.values()]
    print(formatted(output_format, text.format(**summary), list(summary), rows, summary))


if __name__ == "__main__":
    sys.exit(main())
