"""The options of the daily job that say what it reads, and how their values are read."""

from common.command import UserError

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from job.settings import RunSettings
from listening.tables.columns import ITEMS, MARKS, PROFILES, TIMED_PLAYS, Kind, named_columns

if TYPE_CHECKING:
    from listening.maximum_age import MaximumAge


def input_options(command: Callable) -> Callable:
    """Give a command these options, in their order."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def read_age(ctx: click.Context, param: click.Parameter, text: str | None) -> "MaximumAge | None":
    """Read --max-age, as its callback: pandas loads only where it is given."""
    if text is None:
        return None
    from listening.maximum_age import maximum_age

    try:
        return maximum_age(text)
    except UserError as error:
        raise click.BadParameter(error.message) from None


def columns_of(kind: Kind) -> Callable:
    """Return the callback of an option that names the columns of a kind of table."""

    def read(ctx: click.Context, param: click.Parameter, text: str | None) -> dict | None:
        try:
            return text if text is None else named_columns(kind, text)
        except UserError as error:
            raise click.BadParameter(error.message) from None

    return read


def check_name(ctx: click.Context, param: click.Parameter, text: str) -> str:
    """Check --item-name, such as film, or story,stories."""
    parts = [part.strip() for part in text.split(",")]
    if not all(parts) or len(parts) > 2 or not text.isprintable():
        raise click.BadParameter(f"{text!r}: write film, or story,stories")
    return text


def read_fields(ctx: click.Context, param: click.Parameter, text: str) -> tuple[str, ...]:
    """Read --item-fields: titles of columns, divided by commas."""
    titles = tuple(title.strip() for title in text.split(",")) if text else ()
    if "" in titles or len(set(titles)) < len(titles):
        raise click.BadParameter(f"{text!r}: write url,image, each title once")
    return titles


OPTIONS = (
    click.option(
        "--plays",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Plays of each user and item: .csv, .tsv, .jsonl or .parquet, the first three also as "
        ".gz, .bz2 or .zst; a .tsv whose columns are not named is in the layout of Last.fm 360K.",
    ),
    click.option(
        "--profiles",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Gender, age and country of each user, in the same kinds of files; needs --plays.",
    ),
    click.option(
        "--columns",
        callback=columns_of(TIMED_PLAYS),
        metavar="USE=TITLE,...",
        help="Columns of the plays: user, item, name, plays, and time for --max-age, such as "
        "user=account,item=track. Without plays each row counts once. item=#2 is the second column "
        "of a file without a header. Titles such as user_id, item_id, name and plays are known.",
    ),
    click.option(
        "--profile-columns",
        callback=columns_of(PROFILES),
        metavar="USE=TITLE,...",
        help="Columns of the profiles: user, gender, age, country and signup.",
    ),
    click.option(
        "--items",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Table of items by id, in the same kinds of files: their names and fields.",
    ),
    click.option(
        "--item-columns",
        callback=columns_of(ITEMS),
        metavar="USE=TITLE,...",
        help="Columns of the items: item, which is the id, and name.",
    ),
    click.option(
        "--item-fields",
        default="",
        show_default=False,
        callback=read_fields,
        metavar="TITLE,...",
        help="Columns of the items that answers carry, as text, such as url,image.",
    ),
    click.option(
        "--item-name",
        default=RunSettings.item_name,
        callback=check_name,
        metavar="NAME",
        help="What the page and the API's description call an item: film, or story,stories.",
    ),
    click.option(
        "--marks",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="What users said of items, in the same kinds of files: a row has a user, an item and "
        "like, dislike or block. A liked item counts as an average one of the user, the plays of a "
        "disliked one do not count, and neither that nor a blocked one is recommended to the user.",
    ),
    click.option(
        "--mark-columns",
        callback=columns_of(MARKS),
        metavar="USE=TITLE,...",
        help="Columns of the marks: user, item and mark.",
    ),
    click.option(
        "--blocked",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Ids of items, one a line in UTF-8, that are left out of plays, lists and reasons.",
    ),
    click.option(
        "--source",
        metavar="URL",
        envvar="RECOMMENDER_SOURCE",
        show_envvar=True,
        help="URL of the app's PostgreSQL, read where --plays is not given.",
    ),
    click.option(
        "--max-age",
        metavar="AGE",
        callback=read_age,
        help="Leave out plays older than this: 5y, 18m, 6w or 30d.",
    ),
    click.option(
        "--on-bad-row",
        type=click.Choice(["stop", "skip"]),
        default="skip",
        help="End at the first row that cannot be used, or leave such rows out and report them by "
        "reason. The default is skip: the real Last.fm files have 87 such rows.",
    ),
)
