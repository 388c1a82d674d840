"""Which columns of a table are wanted: named by the user, or known by their titles."""

from common.command import UserError

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

NUMBERS = ("plays", "age")  # the uses of columns that hold numbers of any kind
POSITION = re.compile(r"#([1-9]\d{0,3})")


@dataclass(frozen=True)
class Kind:
    """A kind of table: what its columns are for, and by what titles they are known.

    what: the rows, as reasons and messages name them
    titles: the usual titles of each column, in lower case with underscores
    needed: the columns without which no table is read
    asked: those that must be found, or named, before columns are known by their titles
    option: the option that names the columns
    """

    what: str
    titles: dict[str, tuple[str, ...]]
    needed: tuple[str, ...]
    asked: tuple[str, ...]
    option: str


USER_TITLES = ("user", "user_id", "userid", "uid")
ITEM_TITLES = (
    *("item", "item_id", "itemid", "artist_id", "track_id", "film_id", "movie_id", "movieid"),
    *("product_id", "book_id"),
)
NAME_TITLES = ("name", "title", "item_name", "artist_name")
PLAYS = Kind(
    "plays",
    {
        "user": USER_TITLES,
        "item": ITEM_TITLES,
        "name": NAME_TITLES,
        "plays": ("plays", "play_count", "count", "listens"),
    },
    ("user", "item"),
    ("user", "item", "plays"),
    "--columns",
)
TIMED_PLAYS = replace(
    PLAYS, titles=PLAYS.titles | {"time": ("last_played_at",)}, asked=(*PLAYS.asked, "time")
)
PROFILES = Kind(
    "profile",
    {
        "user": USER_TITLES,
        "gender": ("gender", "sex"),
        "age": ("age",),
        "country": ("country",),
        "signup": ("signup",),
    },
    ("user",),
    ("user", "gender", "age", "country"),
    "--profile-columns",
)
ITEMS = Kind(
    "items",
    {"item": ("id", *ITEM_TITLES), "name": NAME_TITLES},
    ("item",),
    ("item",),
    "--item-columns",
)


MARKS = Kind(
    "marks",
    {"user": USER_TITLES, "item": ITEM_TITLES, "mark": ("mark",)},
    ("user", "item", "mark"),
    ("user", "item", "mark"),
    "--mark-columns",
)


class Place(NamedTuple):
    """Where a column is: its position, counted from 0, and its title in the file."""

    position: int
    title: str


def named_columns(kind: Kind, text: str) -> dict[str, str]:
    """Read what an option names, such as `user=account_id,item=track_id`: titles by their use.

    A title with a comma is written in double quotes. `#3` is the third column of a file without a
    header. Raises UserError for anything else.
    """
    try:
        parts = next(csv.reader([text], strict=True), [])
    except csv.Error as error:
        raise UserError(f"{kind.option} {text!r}: {error}") from None
    pairs = [part.partition("=")[::2] for part in parts]
    uses = [use.strip() for use, _ in pairs]
    if not pairs or len(set(uses)) < len(uses) or not set(uses) <= kind.titles.keys():
        example = ",".join(f"{use}=TITLE" for use in kind.needed)
        raise UserError(
            f"{kind.option} {text!r}: write {example}; the columns are {', '.join(kind.titles)}, "
            "each once at most"
        )
    if missing := set(kind.needed) - set(uses):
        raise UserError(f"{kind.option} {text!r}: name also {', '.join(sorted(missing))}")
    titles = dict(zip(uses, (title.strip() for _, title in pairs), strict=True))
    if not all(titles.values()) or len({is_position(title) for title in titles.values()}) > 1:
        raise UserError(
            f"{kind.option} {text!r}: give every column its title, or every one its number, as in "
            f"{kind.needed[0]}=#1, for a file without a header"
        )
    return titles


def is_position(title: str) -> bool:
    """Whether a title is the number of a column, such as #3."""
    return POSITION.fullmatch(title) is not None


def has_header(named: dict[str, str] | None) -> bool:
    """Whether a file has a header, by how its columns are named."""
    return not named or not any(map(is_position, named.values()))


def find_columns(
    kind: Kind, titles: Sequence[str], named: dict[str, str] | None, extra: Sequence[str] = ()
) -> dict[str, Place]:
    """Return the place of each column by its use, those of the titles `extra` by their titles.

    Raises UserError, without the file's name, for a title that the file has not, or has twice.
    """
    if not has_header(named):
        if extra:
            raise UserError(f"it has no header, so no columns {', '.join(map(repr, extra))}")
        numbers = {use: int(POSITION.fullmatch(title)[1]) for use, title in named.items()}
        if too_far := [f"#{number}" for number in numbers.values() if number > len(titles)]:
            raise UserError(f"it has {len(titles)} columns, so no {', '.join(too_far)}")
        return {use: Place(number - 1, f"#{number}") for use, number in numbers.items()}
    wanted = named or guess(kind, titles)
    return {use: place_of(titles, title) for use, title in wanted.items()} | {
        title: place_of(titles, title) for title in extra
    }


def guess(kind: Kind, titles: Sequence[str]) -> dict[str, str]:
    """Return the titles of a file by their use. Raises UserError if that is not certain."""
    found = {
        use: [title for title in titles if plain(title) in usual]
        for use, usual in kind.titles.items()
    }
    missing = [use for use in kind.asked if not found[use]]
    several = [(use, there) for use, there in found.items() if len(there) > 1]
    advice = f"pass {kind.option} {','.join(f'{use}=TITLE' for use in kind.asked)}"
    if missing:
        names = ", ".join(map(repr, titles))
        raise UserError(f"none of its columns {names} is known to be {missing[0]}: {advice}")
    if several:
        use, there = several[0]
        raise UserError(f"{' or '.join(map(repr, there))} may be its column {use}: {advice}")
    return {use: there[0] for use, there in found.items() if there}


def plain(title: str) -> str:
    """A title in lower case, with underscores."""
    return re.sub(r"[\s-]+", "_", title.strip()).lower()


def place_of(titles: Sequence[str], title: str) -> Place:
    """Where the column of a title is. Raises UserError if there is none, or more than one."""
    places = [number for number, other in enumerate(titles) if other.strip() == title.strip()]
    if len(places) != 1:
        among = f"among {', '.join(map(repr, titles))}" if not places else ""
        raise UserError(f"it has {len(places) or 'no'} columns {title!r} {among}".rstrip())
    return Place(places[0], titles[places[0]])
