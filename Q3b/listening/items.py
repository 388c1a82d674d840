"""What is known of items besides who plays them: names and fields, from a table of any kind."""

from common.command import UserError

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from listening.bad_rows import Rejected
from listening.play_counts import PlayCounts
from listening.tables.columns import ITEMS
from listening.tables.files import read_table
from listening.tables.table import NOT_TEXT, SURROGATE, each_with

# The answers' own names of what an item has, and the name of the column of ids.
OWN_FIELDS = ("id", "name", "score", "because", "rule", "plays", "share", "listeners", "item")


@dataclass(frozen=True)
class Items:
    """Names and fields of k items, "" where there is none.

    ids: (k,); names: (k,), or None if the table has none; fields: (k,) texts by title
    """

    ids: pd.Index
    names: np.ndarray | None
    fields: dict[str, np.ndarray]

    def names_of(self, plays: PlayCounts) -> np.ndarray:
        """(m,) the names of the items that are played, from the plays where there is none here."""
        if self.names is None:
            return plays.artist_names
        names = self._of(plays.artists, self.names)
        return np.where(names == "", plays.artist_names, names)

    def fields_of(self, plays: PlayCounts) -> dict[str, np.ndarray]:
        """(m,) the fields of the items that are played."""
        return {title: self._of(plays.artists, texts) for title, texts in self.fields.items()}

    def fingerprint(self) -> str:
        """A SHA-256 of all texts: the same tables give the same."""
        digest = hashlib.sha256("\0".join(self.fields).encode())
        for texts in (
            self.ids,
            self.names if self.names is not None else [],
            *self.fields.values(),
        ):
            digest.update("\0".join(texts).encode() + b"\1")
        return digest.hexdigest()

    def _of(self, ids: np.ndarray, texts: np.ndarray) -> np.ndarray:
        """The texts of items by their ids; "" for the others."""
        places = self.ids.get_indexer(ids)
        return np.append(texts, "").astype(object)[places]  # -1, of the others, is the last


def read_items(
    path: Path,
    columns: dict[str, str] | None = None,
    fields: Sequence[str] = (),
    on_bad_row: str = "skip",
) -> tuple[Items, Rejected]:
    """Return the items of a .csv, .tsv, .jsonl or .parquet file, and the rows left out.

    columns: titles of the columns item (the id) and name (see `tables.columns.named_columns`), None
        to tell them by their titles; fields: titles of further columns to keep
    Raises UserError for a file that cannot be read for certain, and at the first bad row if
    `on_bad_row` is "stop".
    """
    if own := [title for title in fields if title in OWN_FIELDS]:
        raise UserError(
            f"--item-fields: answers have {own[0]!r} already; name the column otherwise"
        )
    table = read_table(Path(path), ITEMS, columns, fields)
    texts = {use: column.each(column.values) for use, column in table.columns.items()}
    reasons = table.id_reasons("item", "no item id")
    for use in ("name", *fields):
        if use in texts:
            reasons[f"{use} is {NOT_TEXT}"] = each_with(table.columns[use], SURROGATE)
    reasons["item id repeated"] = pd.Series(texts["item"], dtype=object).duplicated().to_numpy()
    keep, rejected = table.kept(reasons)
    rejected.check(on_bad_row)
    names = texts["name"][keep] if "name" in texts else None
    ids = pd.Index(texts["item"][keep], dtype=object)
    return Items(ids, names, {title: texts[title][keep] for title in fields}), rejected
