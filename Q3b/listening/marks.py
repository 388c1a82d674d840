"""What users said of items: likes, dislikes and blocks, and plays that take them into account."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import coo_array, csr_array, vstack

from listening.bad_rows import Rejected
from listening.play_counts import PlayCounts, plays_matrix
from listening.source import Listening, no_profiles
from listening.tables.columns import MARKS
from listening.tables.files import read_table
from listening.taste import BLOCKED, DISLIKED, LIKED, taste_of

VALUES = {"like": LIKED, "dislike": DISLIKED, "block": BLOCKED}
NOT_PLAYED = "marks: an item that nobody plays"


def read_marks(
    path: Path, columns: dict[str, str] | None = None, on_bad_row: str = "skip"
) -> tuple[pd.DataFrame, Rejected]:
    """Return the marks of a .csv, .tsv, .jsonl or .parquet file, and the rows left out.

    Columns user, item, mark (one of VALUES) and line. columns: their titles (see
    `tables.columns.named_columns`), None for those with usual titles
    Raises UserError for a file that cannot be read for certain, and at the first bad row if
    `on_bad_row` is "stop".
    """
    table = read_table(Path(path), MARKS, columns)
    texts = {use: column.each(column.values) for use, column in table.columns.items()}
    found = pd.DataFrame(texts, dtype=object)[["user", "item", "mark"]]
    reasons = table.id_reasons("user", "no user id") | table.id_reasons("item", "no item id")
    reasons["mark is none of like, dislike and block"] = ~found["mark"].isin(VALUES).to_numpy()
    reasons["user and item repeated"] = found.duplicated(["user", "item"]).to_numpy()
    keep, rejected = table.kept(reasons)
    rejected.check(on_bad_row)
    found["line"] = table.lines
    return found[keep], rejected


def with_marks(listening: Listening, marks: pd.DataFrame, rejected: Rejected) -> Listening:
    """Take marks into account; those of items that nobody plays are left out and counted.

    Users with marks alone are users with plays from then on.
    """
    unknown = ~marks["item"].isin(listening.plays.artists).to_numpy()
    counts, first = dict(rejected.counts), dict(rejected.first)
    if unknown.any():
        counts[NOT_PLAYED], first[NOT_PLAYED] = (
            int(unknown.sum()),
            int(marks["line"][unknown].min()),
        )
    marks = marks[~unknown]
    plays, silent = with_users(listening, pd.unique(marks["user"]))
    rows = pd.Index(plays.users).get_indexer(marks["user"])
    columns = pd.Index(plays.artists).get_indexer(marks["item"])
    values = marks["mark"].map(VALUES).to_numpy(np.int8)
    said = coo_array((values, (rows, columns)), plays.matrix.shape).tocsr()
    said.sort_indices()
    plays = replace(plays, matrix=tastes(plays.matrix, said), played=plays.matrix, marks=said)
    left_out = Rejected(rejected.path, counts, first)
    return replace(
        listening,
        plays=plays,
        silent=silent,
        rejected=listening.rejected | left_out.counts,
        first_rejected=listening.first_rejected | left_out.places(),
    )


def with_users(listening: Listening, users: np.ndarray) -> tuple[PlayCounts, pd.DataFrame]:
    """Return plays that have a row for each of the users, and the profiles of the others."""
    plays, silent = listening.plays, listening.silent
    new = users[~np.isin(users, plays.users)]
    if not len(new):
        return plays, silent
    profiles = no_profiles(new)
    known = silent.index.intersection(new)
    profiles.loc[known] = silent.loc[known]
    empty = csr_array((len(new), plays.matrix.shape[1]), dtype=plays.matrix.dtype)
    plays = replace(
        plays,
        users=np.concatenate([plays.users, new]),
        matrix=csr_array(vstack([plays.matrix, empty], format="csr")),
        profiles=pd.concat([plays.profiles, profiles]),
    )
    return plays, silent.drop(known)


def tastes(plays: csr_array, marks: csr_array) -> csr_array:
    """Return plays (n, m) that take marks (n, m) into account, see `listening.taste`."""
    marked = np.diff(marks.indptr) > 0
    played, said = plays.tocoo(), marks.tocoo()
    touched = marked[played.coords[0]]
    taste = taste_of(
        np.concatenate([played.coords[0][touched], said.coords[0]]),
        np.concatenate([played.coords[1][touched], said.coords[1]]),
        np.concatenate([played.data[touched].astype(np.float64), said.data]),
    )
    return plays_matrix(
        np.concatenate([played.coords[0][~touched], taste.rows]),
        np.concatenate([played.coords[1][~touched], taste.artists]),
        np.concatenate([played.data[~touched], taste.plays]),
        plays.shape,
    )
