"""The input of a run: named files, the app's tables, the Last.fm files, or a sample."""

from common.command import UserError

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import click
import pandas as pd

from job.blocked import without_items
from listening.bad_rows import Rejected
from listening.database import export_tables
from listening.id_list import read_ids
from listening.items import read_items
from listening.lastfm import PLAYS_FILE, PROFILE_FILE
from listening.marks import read_marks, with_marks
from listening.maximum_age import MaximumAge
from listening.sample.files import write_listeners
from listening.source import Listening, read_listening, with_items
from store.url import FILE

Marks = tuple[pd.DataFrame, Rejected]
FOLDER = Path(__file__).resolve().parents[1]  # where the Last.fm files may be


def read_input(options: SimpleNamespace) -> Listening:
    """Read what the options of `recommend_daily.py` name, without the items that are blocked.

    Raises UserError if they name no plays and the store is not a file: real users would be served
    the sample.
    """
    blocked = read_ids(options.blocked) if options.blocked else []
    items = options.items and read_items(
        options.items, options.item_columns, options.item_fields, options.on_bad_row
    )
    with tempfile.TemporaryDirectory(prefix="recommend-daily-") as folder:
        listening, marks = read_plays_of(options, Path(folder))
    listening = without_items(listening, blocked)
    listening = with_marks(listening, *marks) if marks else listening
    return with_items(listening, *items) if items else listening


def read_plays_of(options: SimpleNamespace, folder: Path) -> tuple[Listening, Marks | None]:
    """Read plays, profiles and marks: of files, the app's database, Last.fm or the sample.

    folder: a temporary one
    """
    age, on_bad_row = options.max_age, options.on_bad_row
    named = options.marks and read_marks(options.marks, options.mark_columns, on_bad_row)
    if options.plays:
        columns = options.columns, options.profile_columns
        return read_listening(options.plays, options.profiles, age, on_bad_row, *columns), named
    if options.source:
        plays, profiles, *marks = export_app(options, folder)
        found = read_temporary(folder, "the app's ", plays, profiles, None, on_bad_row)
        return found, read_marks(marks[0], None, on_bad_row) if marks else None
    if (FOLDER / PLAYS_FILE).exists():
        lastfm = FOLDER / PLAYS_FILE, FOLDER / PROFILE_FILE
        return read_listening(*lastfm, age, on_bad_row), named
    if not options.store.startswith(FILE):
        raise UserError(
            f"no plays are named, and a sample must not be published to {options.store}; "
            "pass --source or --plays, or set RECOMMENDER_SOURCE"
        )
    click.echo("no plays are named: using a sample drawn from a seed", err=True)
    drawn = write_listeners(folder)
    return read_temporary(folder, "the sample's ", *drawn, age, on_bad_row), named


def read_temporary(
    folder: Path,
    whose: str,
    plays: Path,
    profiles: Path,
    max_age: MaximumAge | None,
    on_bad_row: str,
) -> Listening:
    """Read files of a temporary folder; places of bad rows name `whose` files they are instead."""
    try:
        found = read_listening(plays, profiles, max_age, on_bad_row)
    except UserError as error:
        raise UserError(error.message.replace(f"{folder}{os.sep}", whose)) from None
    places = found.first_rejected.items()
    named = {reason: place.replace(f"{folder}{os.sep}", whose) for reason, place in places}
    return replace(found, first_rejected=named)


def export_app(options: SimpleNamespace, folder: Path) -> list[Path]:
    """Write the tables of the app's PostgreSQL into `folder`; return their files."""
    age = options.max_age and options.max_age.interval()
    return export_tables(options.source, folder, age, options.columns, options.profile_columns)
