"""Write listeners drawn from a seed in the very layout of the Last.fm 360K files.

    python Q3b/generate_listeners.py --output /tmp/listeners
    python Q3b/generate_listeners.py --users 359347 --artists 155424 --output /tmp/full

The files have the oddities of the real ones: ages from -1337 to 1002, stray quotes, artists named
"NA", artists without an MBID or spelt in two ways, rows with a date for a user id, a count of 0.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from common.command_line import ArgumentParser, command, random_seed, whole_number
from listening.sample.files import ARTISTS, SEED, USERS, write_listeners


@command
def main(argv: Sequence[str] | None = None) -> None:
    """Write the two files and print their paths."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER", help="where to")
    number = whole_number(1, 2**31 - 1)  # rows and columns of the matrix are int32
    parser.add_argument("--users", type=number, default=USERS, metavar="N", help="listeners")
    parser.add_argument("--artists", type=number, default=ARTISTS, metavar="N", help="artists")
    parser.add_argument("--seed", type=random_seed, default=SEED, help="of every draw")
    options = parser.parse_args(argv)
    for path in write_listeners(options.output, options.users, options.artists, options.seed):
        print(path)


if __name__ == "__main__":
    sys.exit(main())
