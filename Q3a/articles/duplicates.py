"""Articles that are nearly the same, found by MinHash and locality-sensitive hashing (datasketch).

One story in two editions would otherwise be in the training and in the test part of a fold,
and flatter the figures.
"""

import zlib
from collections.abc import Sequence

import numpy as np
from datasketch import MinHash, MinHashLSH
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from tqdm import tqdm

from articles.files import chunks

SHINGLE = 5  # characters
SIMILAR = 0.8  # Jaccard similarity of shingles, estimated
SHINGLES = 10_000  # at once, each of which takes PERMUTATIONS numbers of memory
PERMUTATIONS = 128  # standard error of the estimate about 0.09


def duplicate_groups(texts: Sequence[str]) -> np.ndarray:
    """A group number for each text: near-duplicates, also by way of others, share one."""
    index = MinHashLSH(threshold=SIMILAR, num_perm=PERMUTATIONS)
    pairs = []
    bar = tqdm(texts, desc="near-duplicates", unit="article", leave=False, disable=None)
    for number, text in enumerate(bar):
        signature = minhash(text)
        pairs += [(number, other) for other in index.query(signature)]
        index.insert(number, signature)
    rows, columns = np.array(pairs, dtype=int).reshape(-1, 2).T
    links = coo_array((np.ones(len(rows)), (rows, columns)), shape=(len(texts), len(texts)))
    return connected_components(links, directed=False)[1]


def minhash(text: str) -> MinHash:
    """The signature of the text's set of shingles; a short text is one shingle."""
    last = max(1, len(text) - SHINGLE + 1)
    shingles = {text[start : start + SHINGLE] for start in range(last)}
    signature = MinHash(num_perm=PERMUTATIONS, hashfunc=zlib.crc32)
    for part in chunks(shingles, SHINGLES):
        signature.update_batch([shingle.encode() for shingle in part])
    return signature
