"""The index of one published set: what the damped vote needs to score any taste.

    scores = w (U'R - V diag(S k) A'R) / listeners^beta        (see recommender/damped_vote.py)

for a row w of weights of a user's own artists. Of U'R the rows of those artists alone are read:
dense over the head and sparse over the tail for popular ones, sparse over all for the others. They
are the fitted model's own numbers, none left out, none rounded. Artists are numbered as the model
does, by falling number of listeners.
"""

import json
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import numpy as np

from store.protocol import StoreError
from taste.arrays import Rows, Texts, load, load_rows, load_texts

ABOUT = "about.json"  # written last: a folder without it is not an index
FORMAT = 1  # of the folder


class NoIndexError(StoreError):
    """The published set has no index."""


class NotReadyError(StoreError):
    """The index of the published set is not on this machine yet."""


@dataclass(frozen=True)
class Index:
    """The arrays of an index: n users, m artists, p of them popular, h in the head, d tastes.

    users: n; ranks: (m,) the number here of each number of the set; factors: (m,) by which weights
    are multiplied; ids, names, fields, folded: (m,) texts, fields as they follow the name in JSON,
    folded names to search in; by_id: (m,) numbers in the order of ids; listeners: (m, n) who plays
    each artist; head: (p, h); tail: (p, m); others: (m - p, m); basis: (m, d); gains: (d, m)
    """

    users: int
    ranks: np.ndarray
    factors: np.ndarray
    ids: Texts
    names: Texts
    fields: Texts
    folded: Texts
    by_id: np.ndarray
    listeners: Rows
    head: np.ndarray
    tail: Rows
    others: Rows
    basis: np.ndarray
    gains: np.ndarray

    def number_of(self, item_id: str) -> int | None:
        """Return the number of an item; None if the set has no such item."""
        wanted, numbers = item_id.encode("utf-8", "surrogatepass"), self.by_id
        place = bisect_left(
            range(len(numbers)), wanted, key=lambda at: self.ids.bytes_of(numbers[at])
        )
        if place == len(numbers) or self.ids.bytes_of(numbers[place]) != wanted:
            return None
        return int(numbers[place])

    def listeners_of(self, number: int) -> np.ndarray:
        """Return the numbers of the users who play an artist."""
        return self.listeners.columns[self.listeners.slice_of(number)]

    def named(self, number: int) -> dict:
        """Return an item as readers see it among reasons: id and name."""
        return {"id": self.ids[number], "name": self.names[number]}

    def shown(self, number: int) -> dict:
        """Return an item as readers see it where it is recommended: with its fields."""
        fields = self.fields[number]
        return self.named(number) | (json.loads("{" + fields[1:] + "}") if fields else {})

    @cached_property
    def searched(self) -> bytes:
        """All folded names: a copy of each process, some MB, which is searched at once."""
        return self.folded.values.tobytes()

    def search(self, text: str, limit: int) -> list[int]:
        """Return items whose names hold a text, the most played first; case does not count.

        Names that begin with it go before the others.
        """
        wanted = folded(text).encode("utf-8", "surrogatepass")
        found = [*self._holding(wanted, limit), *self._holding(wanted[1:], 2 * limit)]
        return list(dict.fromkeys(found))[:limit]

    def _holding(self, wanted: bytes, limit: int) -> Iterator[int]:
        """Yield the first `limit` items whose folded names hold some bytes."""
        place = self.searched.find(wanted)
        for _ in range(limit):
            if place < 0:
                return
            number = int(np.searchsorted(self.folded.starts, place, "right")) - 1
            yield number
            place = self.searched.find(wanted, self.folded.starts[number + 1])


def folded(text: str) -> str:
    """Return a text as it is searched: "\\n" before it, no case, no accents."""
    plain = unicodedata.normalize("NFKD", " ".join(text.split()).casefold())
    return "\n" + "".join(filter(lambda letter: not unicodedata.combining(letter), plain))


def folder_name(version: str) -> str:
    """Return a version as a name that every system takes."""
    return quote(version, safe="+")


def open_index(folder: Path) -> Index:
    """Map an index into memory. Raises OSError or ValueError for a folder that is none."""
    about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    if about["format"] != FORMAT:
        raise ValueError(f"its format is {about['format']}; this version reads {FORMAT}")
    arrays = {name: load(folder, name) for name in ("ranks", "factors", "by_id")}
    arrays |= {name: load(folder, name) for name in ("head", "basis", "gains")}
    texts = {name: load_texts(folder, name) for name in ("ids", "names", "fields", "folded")}
    rows = {name: load_rows(folder, name) for name in ("tail", "others")}
    listeners = load_rows(folder, "listeners", with_values=False)
    return Index(about["users"], listeners=listeners, **arrays, **texts, **rows)
