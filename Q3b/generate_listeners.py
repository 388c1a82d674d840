#!/usr/bin/env python3
"""Write listeners drawn from a seed in the layout of the Last.fm 360K files."""

from common.command import Command

import sys
from pathlib import Path

import click

from listening.constants import ARTISTS, PLAYS_FILE, PROFILE_FILE, SEED, USERS

EXAMPLES = """\b
examples:
  python Q3b/generate_listeners.py --output /tmp/listeners
  python Q3b/generate_listeners.py --users 359347 --artists 155424 --output /tmp/full
"""
NUMBER = click.IntRange(1, 2**31 - 1)  # rows and columns of the matrix are int32


@click.command(
    cls=Command,
    epilog=EXAMPLES,
    help=f"""Write listeners drawn from a seed in the layout of the Last.fm 360K files.

    The files are {PLAYS_FILE} and {PROFILE_FILE}; their paths are printed. They have the oddities
    of the real ones: ages from -1337 to 1002, stray quotes, artists named "NA", artists without an
    MBID or spelt in two ways, rows with a date for a user id, a count of 0. The same seed gives
    the same files.
    """,
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    metavar="FOLDER",
    help="Folder to write the two files to; it is made if it does not exist.",
)
@click.option("--users", type=NUMBER, default=USERS, help="Number of listeners.")
@click.option("--artists", type=NUMBER, default=ARTISTS, help="Number of artists.")
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=SEED, help="Seed of every random choice."
)
def main(output: Path, users: int, artists: int, seed: int) -> None:
    """Write the two files and print their paths."""
    from listening.sample.files import write_listeners

    for path in write_listeners(output, users, artists, seed):
        print(path)


if __name__ == "__main__":
    sys.exit(main())
