"""A list of items as a row keeps it: its JSON rendered at publication and compressed by LZ4.

To read one takes a few microseconds in one stretch of memory. Putting it together from the JSON of
each item took less space, and five times as long: 80 items from all over the memory.
"""

import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import compress, pairwise
from typing import NamedTuple

import lz4.block
import numpy as np

from recommender.lists import FILLED_FROM, REASONS, RECOMMENDATION
from store.items import item_json

CHECKSUM = struct.Struct("<I")  # CRC-32 of all that follows
BETWEEN = b"\0"  # items: JSON has none, so that a list can be cut
REASON = '%s,"share":%.4f,"listeners":%d}'
# Items by their kind: with so many reasons, or of a rule that fills up the list.
FORMS = [
    f'%s,"score":%.6g,"because":[{",".join([REASON] * many)}]}}' for many in range(REASONS + 1)
]
FORMS += [f'%s,"score":%.6g,"because":[],"rule":"{rule}"}}' for rule in FILLED_FROM.values()]
KINDS = {filled: REASONS + 1 + place for place, filled in enumerate(FILLED_FROM)}


class Texts(NamedTuple):
    """The JSON of items by their numbers, without the last brace, so that more can follow.

    shown: where they are recommended, with their fields; named: id and name alone
    """

    shown: Sequence[str] | Mapping[int, str]
    named: Sequence[str] | Mapping[int, str]


def texts_of(items: Iterable[tuple[int, str, str, str]]) -> Texts:
    """The JSON of items from their numbers, ids, names, and fields as they follow in JSON."""
    texts = Texts({}, {})
    for number, item_id, name, fields in items:
        texts.named[number] = text = item_json(item_id, name)
        texts.shown[number] = text + fields if fields else text
    return texts


def rendered_lists(recommendations: np.ndarray, starts: np.ndarray, texts: Texts) -> list[bytes]:
    """The rows of lists.

    recommendations: (r,) RECOMMENDATION; starts: (lists + 1,) where each list begins, and the end.
    Raises ValueError for a score or share that is not a finite number, LookupError for an item
    that is not among the texts.
    """
    given = recommendations["because_artist"] >= 0
    kinds = given.sum(axis=1)
    values = form_values(recommendations, given, texts)
    ends = np.concatenate([[0], np.cumsum(2 + 3 * kinds)])[starts].tolist()
    for filled, kind in KINDS.items():
        kinds[recommendations["because_artist"][:, 0] == filled] = kind
    forms = list(map(FORMS.__getitem__, kinds.tolist()))
    return [
        kept(BETWEEN.decode().join(forms[first:last]) % tuple(values[begin:end]))
        for (first, last), (begin, end) in zip(
            pairwise(starts.tolist()), pairwise(ends), strict=True
        )
    ]


def form_values(recommendations: np.ndarray, given: np.ndarray, texts: Texts) -> list:
    """What fills the forms of all items, one after the other; `given`: (r, REASONS) reasons."""
    scores, shares = recommendations["score"], recommendations["because_share"]
    if not (np.isfinite(scores).all() and np.isfinite(shares[given]).all()):
        raise ValueError("a score or a share is not a finite number")
    shown, named = texts
    columns = [[shown[item] for item in recommendations["artist"].tolist()], scores.tolist()]
    for reason in range(REASONS):
        causes = recommendations["because_artist"][:, reason].tolist()
        columns += (
            [named[cause] if cause >= 0 else None for cause in causes],
            shares[:, reason].tolist(),
            recommendations["because_listeners"][:, reason].tolist(),
        )
    values = [None] * (len(columns) * len(scores))
    for place, column in enumerate(columns):
        values[place :: len(columns)] = column
    needed = np.column_stack([np.ones((len(scores), 2), bool), given.repeat(3, axis=1)])
    return list(compress(values, needed.ravel().tolist()))


def kept(text: str) -> bytes:
    """The row of a text."""
    body = lz4.block.compress(text.encode())
    return CHECKSUM.pack(zlib.crc32(body)) + body


def rendered_list(recommendations: np.ndarray, texts: Texts) -> bytes:
    """The row of one list."""
    return rendered_lists(recommendations, np.array([0, len(recommendations)]), texts)[0]


def unpacked(packed: bytes) -> np.ndarray:
    """The recommendations in a row of a file of an earlier version."""
    return np.frombuffer(packed, RECOMMENDATION)


def numbers_in(recommendations: np.ndarray) -> set[int]:
    """The numbers of all items in recommendations and their reasons."""
    causes = recommendations["because_artist"]
    return {*recommendations["artist"].tolist(), *causes[causes >= 0].tolist()}


def list_json(row: bytes, limit: int | None = None) -> bytes:
    """The JSON array of the first `limit` items of a row, or of all.

    Raises struct.error or ValueError for a row that is damaged.
    """
    body = memoryview(row)[CHECKSUM.size :]
    if CHECKSUM.unpack_from(row)[0] != zlib.crc32(body):
        raise ValueError("the checksum of a list is wrong")
    parts = lz4.block.decompress(body).split(BETWEEN, -1 if limit is None else limit)
    return b"[%b]" % b",".join(parts[:limit])
