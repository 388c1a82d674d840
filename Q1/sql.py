#!/usr/bin/env python3
"""Count the users who installed on a day and came back in the days after."""

from common.command import Command, UserError

import sys
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import click

from activity.combinations import check_combinations
from activity.options import activity_options, is_about_activity, is_of_one_day
from common.output import new_file
from events.files import files_named
from events.time_format import TimeFormat
from retention.options import (
    DAY,
    OTHER_WORDS,
    columns_option,
    dsn_option,
    install_event_option,
    time_zone_option,
)

EXAMPLES = """\b
examples:
  python Q1/sql.py
  python Q1/sql.py --events events.csv.gz --install-event newPlayer \\
      --install-date 2016-05-01 --columns uid=userid,time=eventDate,event_name=eventName
  python Q1/sql.py --events 'logs/*.csv' --events today.tsv --format json
  python Q1/sql.py --table public.events --cohorts --period week \\
      --time-zone Asia/Hong_Kong --plot retention.png
  python Q1/sql.py --table public.events --growth --period week --by properties.country \\
      --where "is_test IS NOT TRUE"
  python Q1/sql.py --events log.csv --cohorts --window 24h --brackets 1,3,7 --return-event OPEN
  zcat *.tsv.gz | python Q1/sql.py --events - --install-date 2024-02-01 --users
"""
INSTALL_DATE = date(2017, 4, 1)


def refuse_words(ctx: click.Context, param: click.Parameter, words: tuple[str, ...]) -> None:
    """Say what to do about words without an option: as a rule a pattern that the shell expanded."""
    if words:
        raise click.UsageError(
            f"{words[0]!r} belongs to no option; for several files give --events again for each, "
            "or a pattern in quotes: --events 'logs/*.csv'"
        )


@click.command(cls=Command, epilog=EXAMPLES, other_words=OTHER_WORDS)
@click.argument(
    "words", nargs=-1, metavar="", is_eager=True, expose_value=False, callback=refuse_words
)
@dsn_option
@click.option("--embedded", is_flag=True, help="Start the embedded PostgreSQL for this run.")
@click.option(
    "--events",
    multiple=True,
    metavar="FILE",
    help="Event file to count, a path or an address such as s3://bucket/key: CSV, TSV or "
    "semicolons with a header, also after a line sep=; JSON lines; or Parquet. Text is UTF-8, or "
    "UTF-16 with its mark; all may be packed by gzip, zstd, bzip2 or xz; - is standard input. May "
    "be given again, or as a quoted pattern such as 'logs/*.csv'.",
)
@click.option(
    "--table",
    metavar="SCHEMA.NAME",
    help="Existing table or view to query; it is only read. Its times may be timestamptz, "
    "timestamp (taken as UTC), date, or numbers: epoch numbers or days like 20170401.",
)
@click.option(
    "--where",
    metavar="CONDITION",
    help="Condition in SQL that the records of --table must meet; others, also those where it is "
    'null, are left out, as if they were not there. It may ask other tables: "account NOT IN '
    '(SELECT id FROM app.testers)".',
)
@columns_option
@click.option(
    "--time-format",
    type=TimeFormat(),
    metavar="FORMAT",
    help="Format of all times in --events files, in the letters of strptime, such as "
    "'%m/%d/%Y %I:%M %p'. Without %z in the format the times are UTC; without the option they are "
    "ISO 8601 or epoch numbers.",
)
@click.option(
    "--on-bad-row",
    type=click.Choice(["stop", "skip"]),
    default="stop",
    help="What to do with a row of a file that is not an event: end with its place and reason, or "
    "leave out all such rows and report them by reason. The default is to stop, because a wrong "
    "count would be published silently.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=2017,
    help="Seed of the sample events, which are counted without --events and --table.",
)
@install_event_option
@click.option(
    "--install-date",
    type=DAY,
    show_default=str(INSTALL_DATE),
    metavar="DAY",
    help="Day of the installs.",
)
@click.option(
    "--active-from",
    type=DAY,
    show_default="the day after the installs",
    metavar="DAY",
    help="First day on which a user may have come back, included.",
)
@click.option(
    "--active-to",
    type=DAY,
    show_default="7 days after the installs",
    metavar="DAY",
    help="Last day on which a user may have come back, included.",
)
@click.option(
    "--from",
    "from_day",
    type=DAY,
    show_default="2000-01-01, or the day of the installs if that is earlier",
    metavar="DAY",
    help="First day of the events to use, included. Earlier ones are left out, as if they were not "
    "there.",
)
@click.option(
    "--to",
    "to_day",
    type=DAY,
    show_default="up to this moment",
    metavar="DAY",
    help="Last day of the events to use, included; a day in the future takes in events that a "
    "wrong clock put there.",
)
@time_zone_option
@click.option(
    "--users",
    is_flag=True,
    help="List users instead of counting them: those who came back or, with --cohorts, all, each "
    "with the first install and the periods with activity.",
)
@click.option(
    "--cohorts",
    is_flag=True,
    help="Show the triangle: for every day of first installs, how many users were active how much "
    "later.",
)
@click.option(
    "--period",
    type=click.Choice(["day", "week", "month"]),
    default="day",
    help="Length of the periods of --cohorts and --growth.",
)
@click.option(
    "--follow",
    type=click.IntRange(0, 9999),
    show_default="366 at most",
    metavar="N",
    help="Last age to show in --cohorts, in periods after the first install.",
)
@activity_options
@click.option(
    "--overview",
    is_flag=True,
    help="Count the records and users of --table as well, which reads all of it. With files or "
    "--cohorts they are counted anyway.",
)
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=new_file,
    metavar="FILE",
    help="Draw the answer, such as the heat map of --cohorts or the curve of those who came back, "
    "into a .png, .svg or .pdf file.",
)
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=new_file,
    metavar="FILE",
    help="Write a page with the picture of --plot, a table and the text: one file of HTML that "
    "needs no network.",
)
@click.option(
    "--check",
    is_flag=True,
    help="Find the answer a second time, by DuckDB in the original events, and print it only if "
    "both are the same; else the exit code is 1. Tables, standard input, files with an address and "
    "those that are compressed or UTF-16 are copied into a temporary folder for it.",
)
@click.option(
    "--show-sql/--hide-sql",
    default=None,
    show_default="shown before the count of one day, hidden with other answers",
    help="Whether text begins with the SQL that found the answer.",
)
@click.option(
    "--explain",
    is_flag=True,
    help="Print the plan that PostgreSQL followed, with its times, instead of the answer.",
)
def main(**values) -> None:
    """Count the users who installed on a day and came back in the days after.

    Days are whole days of the time zone, both ends included. Without --events or --table, sample
    events are counted. Times in files are ISO 8601 (UTC unless they say otherwise) or epoch
    numbers, unless --time-format says otherwise.

    The server is the one of --dsn, else of the environment or the file .env, else an embedded
    PostgreSQL. A table is only read, also on a standby; files go into TEMP tables, none of which
    outlives the command.
    """
    options = SimpleNamespace(**values)
    check_combinations(options)
    fill_in_days(options)
    if options.show_sql is None:
        options.show_sql = is_of_one_day(options)
    options.events = [file for name in options.events for file in files_named(name)]

    from activity.kinds import inquiry_of
    from postgres.connection import connected
    from retention.checked import answered, read_again
    from retention.questions import Question
    from retention.source import load_events, rows_of_files

    question = Question(
        options.install_event,
        options.install_date,
        options.active_from,
        options.active_to,
        options.time_zone,
        options.from_day,
        options.to_day,
        options.cohort_by == "first-event",
    )
    target = (options.dsn, options.embedded, options.table, options.time_zone)
    with (
        read_again(options, is_about_activity(options)) as second,
        rows_of_files(options) as rows,
        connected(*target) as connection,
    ):
        view, files = load_events(connection, options, rows)
        inquiry = inquiry_of(options)(connection, options, question, view, files)
        if options.explain:
            result = inquiry.plan()
        else:
            if options.check or options.html or not inquiry.is_long:
                answer = answered(inquiry, second)
            if options.html:
                from common.page import save_page  # with Jinja

                table = (answer.header, answer.rows)
                text = f"{answer.text}\n\n{answer.statement}"
                save_page(options.html, inquiry.title, text, table, inquiry.figures)
            if inquiry.is_long:
                inquiry.write()
                return
            result = answer.formatted(options.output_format, with_sql=options.show_sql)
    # Not click.echo, which takes colour codes out of the users' names.
    sys.stdout.write(result and f"{result}\n")


def fill_in_days(options: SimpleNamespace) -> None:
    """Fill in the days that follow from others. Raises `UserError` if they are in a wrong order."""
    first, last = options.from_day, options.to_day
    if first and last and first > last:
        raise UserError(f"the days are in the wrong order: --from {first} is after --to {last}")
    if options.install_date and first and options.install_date < first:
        raise UserError(f"--install-date {options.install_date} is before --from {first}")
    if options.install_date and last and options.install_date > last:
        raise UserError(f"--install-date {options.install_date} is after --to {last}")
    installed = options.install_date = options.install_date or INSTALL_DATE
    options.active_from = options.active_from or installed + timedelta(days=1)
    options.active_to = options.active_to or installed + timedelta(days=7)
    if not installed <= options.active_from <= options.active_to:
        raise UserError(
            f"the days are in the wrong order: --install-date {installed}, --active-from "
            f"{options.active_from}, --active-to {options.active_to}"
        )


if __name__ == "__main__":
    sys.exit(main())
