"""The texts by which records are grouped and selected, as people see them."""

from typing import NamedTuple

import numpy as np

from logs.fields import HOST, METHOD
from logs.scanner import ScannedBlock
from traffic.groups import NOTHING, group_key, group_name
from traffic.question import TEXTS, Question
from traffic.text_kernel import copy_texts, cut_ends, matching, plain_rows

BETWEEN = "\t"  # texts of several groupings: shown texts have no control characters
LOWER = ("host", "content_type")
# What ends a text: of a referrer its query, of a type its parameters, of a request its method
CUTS = {"referrer": "?#", "content_type": "; "}


class Texts(NamedTuple):
    """A text in UTF-8 for each row: `text[starts[row]:ends[row]]`."""

    text: np.ndarray  # uint8
    starts: np.ndarray  # int64
    ends: np.ndarray


def fitting(scanned: ScannedBlock, question: Question, mask: np.ndarray) -> np.ndarray:
    """Which of the records that `mask` selects have a host and a URL that the question asks for."""
    fits = np.ones(int(mask.sum()), dtype=bool)
    if question.hosts:
        fits &= fits_any(shown_texts(scanned, "host", mask), question.hosts)
    if question.urls or question.excluded:
        urls = shown_texts(scanned, "url", mask)
        if question.urls:
            fits &= fits_any(urls, question.urls)
        if question.excluded:
            fits &= ~fits_any(urls, question.excluded)
    return fits


def fits_any(texts: Texts, patterns: tuple[str, ...]) -> np.ndarray:
    """Which texts match any of the patterns."""
    return np.logical_or.reduce([matching(*texts, as_array(pattern)) for pattern in patterns])


def as_array(text: str) -> np.ndarray:
    """A text as bytes of UTF-8."""
    return np.frombuffer(text.encode("utf-8"), dtype=np.uint8)


def key_texts(scanned: ScannedBlock, question: Question, mask: np.ndarray) -> Texts:
    """The names of each record's groups, with BETWEEN between them."""
    columns = [
        shown_texts(scanned, by, mask)
        if by in TEXTS
        else named(group_key(scanned.records, by, question, mask), by)
        for by in question.keys
    ]
    return columns[0] if len(columns) == 1 else joined(columns)


def shown_texts(scanned: ScannedBlock, name: str, mask: np.ndarray) -> Texts:
    """A text, of those in `TEXTS`, of each record that `mask` selects; `NOTHING` for none."""
    text = np.frombuffer(scanned.block, dtype=np.uint8)
    starts, ends = places(scanned, name, mask, text)
    lower, encoded = name in LOWER, scanned.layout.double_encoded
    odd = ~plain_rows(text, starts, ends, encoded, lower)
    found = scanned.shown(starts[odd], ends[odd])
    names = [it.lower() if lower else it for it in found]
    none = nothing(text, starts, ends) if name != "url" else np.zeros_like(odd)
    starts, ends, extra = starts.copy(), ends.copy(), [*map(str.encode, names), NOTHING.encode()]
    lengths = np.array([len(it) for it in extra])
    stops = len(text) + lengths.cumsum()
    if names or none.any():
        starts[odd], ends[odd] = (stops - lengths)[:-1], stops[:-1]
        starts[none], ends[none] = (stops - lengths)[-1], stops[-1]
        text = np.concatenate([text, np.frombuffer(b"".join(extra), dtype=np.uint8)])
    return Texts(text, starts, ends)


def places(
    scanned: ScannedBlock, name: str, mask: np.ndarray, text: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Where the texts of records begin and end in the block, int64."""
    records = scanned.records
    if name == "url":
        return records.url_start[mask].astype(np.int64), records.url_end[mask].astype(np.int64)
    at, role = 2 * scanned.texts.index(TEXTS[name]), TEXTS[name]
    starts, ends = (records.texts[mask, place].astype(np.int64) for place in (at, at + 1))
    if name in CUTS:
        ends = cut_ends(text, starts, ends, as_array(CUTS[name]))
    elif role == METHOD and METHOD not in scanned.layout.roles:  # a request, with a blank after it
        after = cut_ends(text, starts, ends, as_array(" "))
        ends = np.where(after < ends, after, starts)
    elif role == HOST and HOST not in scanned.layout.roles:
        starts, ends = hosts_of(text, starts, ends)
    return starts, ends


def hosts_of(
    text: np.ndarray, starts: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Where the hosts of URLs begin and end; nowhere where a URL has none before its path."""
    colons = cut_ends(text, starts, ends, as_array(":/?#"))
    begins, last = colons + 3, len(text) - 1
    absolute = begins <= ends
    for place, letter in enumerate("://"):
        absolute &= text[np.minimum(colons + place, last)] == ord(letter)
    begins = np.where(absolute, begins, starts)
    return begins, np.where(absolute, cut_ends(text, begins, ends, as_array("/?#")), starts)


def nothing(text: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Which texts are empty or a lone `-`."""
    lone = (ends - starts == 1) & (text[np.minimum(starts, len(text) - 1)] == ord("-"))
    return lone | (starts == ends)


def named(keys: np.ndarray, by: str) -> Texts:
    """The names of groups whose keys are numbers."""
    different, places = np.unique(keys, return_inverse=True)
    names = [group_name(key, by).encode() for key in different.tolist()]
    ends = np.array([len(it) for it in names], dtype=np.int64).cumsum()
    starts = np.concatenate([[0], ends[:-1]]) if len(ends) else ends
    return Texts(np.frombuffer(b"".join(names), dtype=np.uint8), starts[places], ends[places])


def joined(columns: list[Texts]) -> Texts:
    """The texts of each row in one, BETWEEN between them."""
    lengths = [column.ends - column.starts for column in columns]
    ends = (sum(lengths) + len(columns) - 1).cumsum()
    starts = np.concatenate([[0], ends[:-1]]) if len(ends) else ends
    text, at = np.full(ends[-1] if len(ends) else 0, ord(BETWEEN), np.uint8), starts
    for column, length in zip(columns, lengths, strict=True):
        copy_texts(text, at, *column)
        at = at + length + 1
    return Texts(text, starts, ends)
