"""The clean plays of a large file as Parquet in the user's cache folder, so that it is read once.

Columns user_id, artist_id, artist_name, plays, one row per pair; the metadata say of which file
(size, time of change, MD5) and which rows were left out. The folder may be deleted at any time.
"""

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from platformdirs import user_cache_path
from pyarrow import parquet

from common.output import replacing
from listening.bad_rows import Rejected
from listening.play_counts import PlayCounts, plays_matrix
from listening.text_columns import as_column

LARGE = 64 << 20  # bytes; a smaller file is read as fast as its cache
LAYOUT = 3  # raise it when what is kept changes, so that older caches are made anew
ABOUT = b"about"
TEXTS = ["user_id", "artist_id", "artist_name"]


@dataclass(frozen=True)
class Cached:
    """What is known of a file: its MD5, the rows left out, its clean plays."""

    md5: str
    rejected: Rejected
    play_counts: PlayCounts | None


def cache_of(path: Path) -> Path:
    """Return where the clean plays of a file are kept; a changed file takes the place of the old.

    Two files of one name in different folders have different caches.
    """
    digest = hashlib.sha256(str(path.resolve()).encode(errors="surrogateescape")).hexdigest()
    folder = user_cache_path("retention-traffic-tags-artists") / "plays"
    return folder / f"{path.stem}-{digest[:16]}.parquet"


def read_cache(path: Path, only_about: bool = False) -> Cached | None:
    """Return what is kept of a file; None if there is nothing or the file has changed since."""
    try:
        about = json.loads(parquet.read_schema(cache_of(path)).metadata[ABOUT])
        if about["source"] != source(path):
            return None
        plays = None if only_about else read_cached(cache_of(path))
        return Cached(about["md5"], Rejected(path, about["rejected"], about["first"]), plays)
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError):
        return None  # not there, or not one of ours


def write_cache(path: Path, md5: str, counts: PlayCounts, rejected: Rejected) -> None:
    """Keep the clean plays of a large file; where that cannot be done, do nothing."""
    if path.stat().st_size < LARGE:
        return
    about = {"source": source(path), "md5": md5}
    about |= {"rejected": rejected.counts, "first": rejected.first}
    table = as_table(counts).replace_schema_metadata({ABOUT: json.dumps(about)})
    cache = cache_of(path)
    with suppress(OSError):
        cache.parent.mkdir(parents=True, exist_ok=True, mode=0o700)  # who plays what is private
        write_whole(table, cache)


def write_whole(table: pa.Table, cache: Path) -> None:
    """Write a table as one row group, whole or not at all."""
    with replacing(cache) as temporary:
        parquet.write_table(
            table,
            temporary,
            row_group_size=max(table.num_rows, 1),  # one group: each text is written once
            dictionary_pagesize_limit=1 << 30,
            compression="zstd",
        )


def source(path: Path) -> list[int]:
    """What changes when the file does: layout of the cache, size, time of change."""
    found = path.stat()
    return [LAYOUT, found.st_size, found.st_mtime_ns]


def as_table(counts: PlayCounts) -> pa.Table:
    """The plays as one row per pair, by user and artist."""
    users = np.repeat(np.arange(len(counts.users), dtype=np.int32), np.diff(counts.matrix.indptr))
    artists = counts.matrix.indices
    return pa.table(
        {
            "user_id": pa.DictionaryArray.from_arrays(users, counts.users),
            "artist_id": pa.DictionaryArray.from_arrays(artists, counts.artists),
            "artist_name": pa.DictionaryArray.from_arrays(artists, counts.artist_names),
            "plays": counts.matrix.data,
        }
    )


def read_cached(path: Path) -> PlayCounts:
    """The plays that `as_table` made a table of."""
    table = parquet.read_table(path, read_dictionary=TEXTS)
    every = slice(None)
    user, artist, name = (as_column(table[text]).select(every) for text in TEXTS)
    name_of_artist = np.empty(len(artist.values), dtype=np.int32)
    name_of_artist[artist.codes] = name.codes
    shape = (len(user.values), len(artist.values))
    return PlayCounts(
        users=user.values,
        artists=artist.values,
        artist_names=name.values[name_of_artist],
        matrix=plays_matrix(user.codes, artist.codes, table["plays"].to_numpy(), shape),
    )
