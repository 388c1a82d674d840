"""Vectors that a model has made, kept in the user's cache folder: each text costs once."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress

import numpy as np
from platformdirs import user_cache_path

WAIT = 30.0  # seconds, for another process that writes
TABLE = (
    "CREATE TABLE IF NOT EXISTS vectors"
    " (model TEXT, text BLOB, vector BLOB, PRIMARY KEY (model, text)) WITHOUT ROWID"
)


class VectorCache:
    """Vectors of one model by the hash of a text.

    Nothing fails where the file cannot be read or written; a damaged one begins anew.
    """

    def __init__(self, model: str):
        self.model = model
        self.path = user_cache_path("retention-traffic-tags-artists") / "vectors.sqlite"

    def known(self, texts: Iterable[bytes]) -> dict[bytes, np.ndarray]:
        """Return the vectors that there are, by hash."""
        found = {}
        with self.without_errors(), closing(self.connected()) as database:
            for text in texts:
                query = "SELECT vector FROM vectors WHERE model = ? AND text = ?"
                for (vector,) in database.execute(query, (self.model, text)):
                    found[text] = np.frombuffer(vector, dtype="<f4")
        return found

    def keep(self, vectors: Mapping[bytes, np.ndarray]) -> None:
        """Add vectors by hash."""
        rows = [(self.model, text, it.astype("<f4").tobytes()) for text, it in vectors.items()]
        with self.without_errors(), closing(self.connected()) as database, database:
            database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)

    def connected(self) -> sqlite3.Connection:
        """Open the file, which is made where it is not there."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(self.path, timeout=WAIT)
        database.execute(TABLE)
        return database

    @contextmanager
    def without_errors(self) -> Iterator[None]:
        """Let the block end at an error without a word; a damaged file is deleted."""
        try:
            yield
        except (OSError, sqlite3.OperationalError):  # read-only, full, or in use for long
            pass
        except sqlite3.DatabaseError:
            with suppress(OSError):
                self.path.unlink()
