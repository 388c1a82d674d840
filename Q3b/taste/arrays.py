"""Arrays of an index: a file of NumPy each (.npy), which all processes of a machine share."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

import numpy as np


class Folder(Protocol):
    """What arrays are written into: a `Path`, or what is like one in a bucket."""

    def __truediv__(self, name: str) -> "Folder":
        """Return what has a name in the folder."""

    def open(self, mode: str) -> IO[bytes]:
        """Open it for writing."""


def save(folder: Folder, name: str, values: np.ndarray) -> None:
    """Write an array into the folder."""
    with (folder / f"{name}.npy").open("wb") as file:
        np.save(file, values, allow_pickle=False)


def load(folder: Path, name: str) -> np.ndarray:
    """Map an array of the folder into memory; its pages are read when they are needed."""
    return np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)


def save_texts(folder: Folder, name: str, texts: Iterable[str]) -> None:
    """Write texts as UTF-8, one after the other, and where each begins."""
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    save(folder, name, np.frombuffer(b"".join(encoded), np.uint8))
    save(folder, f"{name}_starts", np.cumsum([0, *map(len, encoded)]))


@dataclass(frozen=True)
class Texts:
    """Texts in two arrays: values (bytes,), starts (t + 1,)."""

    values: np.ndarray
    starts: np.ndarray

    def bytes_of(self, number: int) -> bytes:
        """Return a text in UTF-8."""
        return self.values[self.starts[number] : self.starts[number + 1]].tobytes()

    def __getitem__(self, number: int) -> str:
        return self.bytes_of(number).decode("utf-8", "surrogatepass")


def load_texts(folder: Path, name: str) -> Texts:
    """Map texts of the folder into memory."""
    return Texts(load(folder, name), load(folder, f"{name}_starts"))


@dataclass(frozen=True)
class Rows:
    """Sparse rows: row r has values[starts[r] : starts[r + 1]] in the columns there.

    starts: (r + 1,); columns, values: (e,), or no values where columns say all
    """

    starts: np.ndarray
    columns: np.ndarray
    values: np.ndarray | None = None

    def slice_of(self, row: int) -> slice:
        """Return where the entries of a row are."""
        return slice(self.starts[row], self.starts[row + 1])


def save_rows(folder: Folder, name: str, matrix, with_values: bool = True) -> None:
    """Write a sparse matrix (CSR) by rows."""
    save(folder, f"{name}_starts", matrix.indptr.astype(np.int64))
    save(folder, f"{name}_columns", matrix.indices.astype(np.int32, copy=False))
    if with_values:
        save(folder, f"{name}_values", matrix.data.astype(np.float32, copy=False))


def load_rows(folder: Path, name: str, with_values: bool = True) -> Rows:
    """Map sparse rows of the folder into memory."""
    values = load(folder, f"{name}_values") if with_values else None
    return Rows(load(folder, f"{name}_starts"), load(folder, f"{name}_columns"), values)
