"""Vectors by article id, from .npy files with a list of ids next to them, or from Parquet."""

from common.command import UserError

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from articles.preparation import places, some
from articles.tables.table import as_text, positions
from articles.vectors.source import finite

NPY, PARQUET = b"\x93NUMPY", b"PAR1"


class FileOfVectors(NamedTuple):
    """Ids, the file that they are in, and a float32 vector for each, of shape (ids, size)."""

    path: Path
    ids: list[str]
    vectors: np.ndarray


class VectorFiles:
    """The vectors of all files by id.

    Raises UserError if a file cannot be read, files differ in size, or an id has two vectors.
    """

    identity = ""

    def __init__(self, paths: Sequence[Path]):
        self.name = ", ".join(map(str, paths))
        self.texts: dict[str, int] = {}  # hash of the article's text, by id
        files = [read_vectors(path) for path in paths]
        first, *others = (file.vectors.shape[1] for file in files)
        for path, size in zip(paths[1:], others, strict=True):
            if size != first:
                raise UserError(f"{path}: vectors of {size} numbers, those of {paths[0]}: {first}")
        self.vectors = np.concatenate([file.vectors for file in files])
        self.rows = self.rows_by_id(files)

    def rows_by_id(self, files: Sequence[FileOfVectors]) -> dict[str, int]:
        """Return the row of each id. Raises UserError if one has two vectors that differ."""
        found: dict[str, int] = {}
        lines = ((file.path, *line) for file in files for line in enumerate(file.ids, 1))
        for row, (path, line, id_) in enumerate(lines):
            first = found.setdefault(id_, row)
            if first != row and (self.vectors[first] != self.vectors[row]).any():
                raise UserError(f"{path}:{line}: another vector of article {id_}; leave one")
        return found

    def of(self, articles: pd.DataFrame) -> np.ndarray:
        """Return the vectors of prepared articles by their ids.

        Raises UserError if an id has no vector, or stands for articles with different texts.
        """
        ids = articles["id"].tolist()
        if missing := list(dict.fromkeys(id_ for id_ in ids if id_ not in self.rows)):
            place = places(articles).iloc[ids.index(missing[0])]
            raise UserError(
                f"{place}: {self.name} has no vector for the id {some(missing)}"
                + f" ({len(missing)} ids)" * (len(missing) > 1)
            )
        for id_, text in zip(ids, articles["plain"], strict=True):
            if self.texts.setdefault(id_, hash(text)) != hash(text):
                raise UserError(
                    f"articles with different texts have the id {id_}, which has one vector: give"
                    " each an id of its own"
                )
        return self.vectors[[self.rows[id_] for id_ in ids]]


def read_vectors(path: Path) -> FileOfVectors:
    """Return the vectors of a file of either kind."""
    with path.open("rb") as file:
        start = file.read(8)
    if start.startswith(NPY):
        named, ids, vectors = npy_vectors(path)
    elif start.startswith(PARQUET):
        named, ids, vectors = path, *parquet_vectors(path)
    else:
        raise UserError(f"{path}: neither a .npy file nor Parquet; save vectors by numpy.save")
    return FileOfVectors(named, ids, finite(vectors, str(path), ids))


def npy_vectors(path: Path) -> tuple[Path, list[str], np.ndarray]:
    """Return the file of ids, the ids, and the vectors of a .npy file.

    FILE.npy goes with FILE.ids, which has one id a line.
    """
    try:
        vectors = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # whatever a damaged file makes NumPy raise
        raise UserError(f"{path}: not a .npy file that can be read: {error}") from None
    named = path.with_suffix(".ids")
    if not named.is_file():
        raise UserError(
            f"{path}: the file {named} is missing; write into it the id of each vector's article,"
            " one a line, in the order of the vectors"
        )
    try:
        ids = named.read_text(encoding="utf-8-sig").removesuffix("\n").split("\n")
    except UnicodeError as error:
        raise UserError(f"{named}: {error}; save it as UTF-8") from None
    if vectors.ndim and len(ids) != len(vectors):
        raise UserError(f"{named}: {len(ids)} ids for the {len(vectors)} vectors of {path}")
    return named, ids, vectors


def parquet_vectors(path: Path) -> tuple[list[str], np.ndarray]:
    """Return the ids and vectors of the columns `id` and `vector`, a list of numbers."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            names = file.schema_arrow.names
            own = [names[place] for place in positions(names, ["id", "vector"])]
            ids, lists = file.read(own).select(own).columns
        texts = [as_text(id_) for id_ in ids.to_pylist()]
        lists = lists.combine_chunks()
        sizes = pc.fill_null(pc.list_value_length(lists), 0).to_numpy()
        values = pc.cast(lists.flatten(), pa.float64()).to_numpy(zero_copy_only=False)
    except UserError as error:
        raise UserError(f"{path}: {error.message}") from None
    except Exception as error:  # whatever a damaged file, or another type, makes pyarrow raise
        raise UserError(f"{path}: not Parquet with vectors that can be read: {error}") from None
    if len(other := np.flatnonzero(sizes != sizes[:1])):
        row = other[0]
        raise UserError(f"{path}:{row + 1}: {sizes[row]} numbers, in the first row {sizes[0]}")
    return texts, values.reshape(len(sizes), -1 if len(values) else 0)
