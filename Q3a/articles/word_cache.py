"""Words of each article, looked up on disk if they were found before: a small SQLite file.

An entry is known by a hash of the segmenter's name and version and of the text, so that a change of
either finds new words. The file can be deleted at any time.
"""

import hashlib
import sqlite3
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

from joblib import Parallel, cpu_count, delayed

from articles.parallel import cluster_client, on_all_cores
from articles.words import segment, segmenter_name

DEFAULT_CACHE = Path(__file__).parents[1] / ".cache" / "words.sqlite3"
SCHEMA = "CREATE TABLE IF NOT EXISTS words (key BLOB PRIMARY KEY, words TEXT) WITHOUT ROWID"
PARALLEL_CHARACTERS = 5_000_000  # from here on starting other processes pays
CHUNK = 2_000  # texts


def cached_words(texts: Sequence[str], cache: Path | None) -> list[str]:
    """`segment(texts)`, with the help of the cache unless it is None or cannot be used."""
    if cache is None:
        return segment_in_parallel(texts)
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(cache, timeout=30)) as database, database:
            database.execute(SCHEMA)
            return looked_up(database, texts)
    except (sqlite3.Error, OSError) as error:
        print(f"{cache}: cannot be used as a cache of words: {error}", file=sys.stderr)
        return segment_in_parallel(texts)


def looked_up(database: sqlite3.Connection, texts: Sequence[str]) -> list[str]:
    """The words of all texts; those not yet known are segmented and kept."""
    keys = text_keys(texts)
    known = {}
    for key in set(keys):
        if row := database.execute("SELECT words FROM words WHERE key = ?", (key,)).fetchone():
            known[key] = row[0]
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    found = dict(zip(missing, segment_in_parallel(list(missing.values())), strict=True))
    database.executemany("INSERT OR IGNORE INTO words VALUES (?, ?)", found.items())
    known |= found
    return [known[key] for key in keys]


def text_keys(texts: Iterable[str]) -> list[bytes]:
    """A 16-byte key for each text under the segmenter of today."""
    segmenter = hashlib.blake2b(segmenter_name().encode(), digest_size=16)
    keys = []
    for text in texts:
        key = segmenter.copy()
        key.update(text.encode("utf-8", "surrogatepass"))
        keys.append(key.digest())
    return keys


def segment_in_parallel(texts: Sequence[str]) -> list[str]:
    """`segment(texts)`, found on all cores, here or of the cluster, if long."""
    if not texts:
        return []
    one_core = cpu_count() == 1 and not cluster_client()
    if one_core or sum(map(len, texts)) < PARALLEL_CHARACTERS:
        return segment(texts)
    chunks = [texts[start : start + CHUNK] for start in range(0, len(texts), CHUNK)]
    with on_all_cores():
        parts = Parallel(n_jobs=-1)(delayed(segment)(chunk) for chunk in chunks)
    return [words for part in parts for words in part]
