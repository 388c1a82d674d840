"""The words that changed a decision, found by leaving each of them out of its article.

Occlusion, after Zeiler and Fergus 2014 (arxiv.org/abs/1311.2901), asks any model, such as a forest.
Only the text around a word is counted again: an article may have millions of characters.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.pipeline import Pipeline

from tagger.terms import TermCounts

MOST_TRIED = 500  # words of an article, each of which costs a prediction
AT_ONCE = 500_000  # terms of articles without a word
CHARACTERS, WORDS = 2, 1  # on each side of a word that a run of terms can reach


def occlusion(
    tagger: Pipeline, articles: pd.DataFrame, first: np.ndarray, second: np.ndarray
) -> pd.DataFrame:
    """Return what each word of each article is worth: columns row, word, value.

    value: by how much P(first) - P(second) falls without the word. first, second: places of two
    tags among the tagger's, for each article.
    """
    terms, model = tagger["terms"], tagger["model"]
    whole = terms.transform(articles)
    rows = np.arange(len(articles))
    tried = pd.DataFrame(
        [
            (row, word)
            for row, words in enumerate(articles["words"])
            for word in list(dict.fromkeys(words.split()))[:MOST_TRIED]
        ],
        columns=["row", "word"],
    ).assign(value=0.0)

    def margin(counts: sparse.csr_matrix, rows: np.ndarray) -> np.ndarray:
        found, places = model.predict_proba(counts), np.arange(len(rows))
        return found[places, first[rows]] - found[places, second[rows]]

    usual = margin(whole, rows)
    size = np.cumsum(np.diff(whole.indptr)[tried["row"]])
    for _, part in tried.groupby(size // AT_ONCE):
        rows = part["row"].to_numpy()
        without = counts_without(terms, articles, whole, part)
        tried.loc[part.index, "value"] = usual[rows] - margin(without, rows)
    return tried


def counts_without(
    terms: TermCounts, articles: pd.DataFrame, whole: sparse.csr_matrix, tried: pd.DataFrame
) -> sparse.csr_matrix:
    """The counts of articles as if a word had not been written: a row for each of `tried`.

    whole: the counts of the articles as they are. tried: columns row, of the articles, and word.
    """
    plain, listed = articles["plain"].tolist(), [words.split() for words in articles["words"]]
    pieces = [
        (number, *piece)
        for number, (row, word) in enumerate(zip(tried["row"], tried["word"], strict=True))
        for piece in (*plain_pieces(plain[row], word), *word_pieces(listed[row], word))
    ]
    rows, *columns = zip(*pieces, strict=True)
    before, after = (
        terms.transform(pd.DataFrame({"plain": plain, "words": segmented}, dtype=object))
        for plain, segmented in (columns[:2], columns[2:])
    )
    shape = (len(tried), len(rows))
    of_word = sparse.csr_matrix((np.ones(len(rows), dtype=int), (rows, range(len(rows)))), shape)
    counts = whole[tried["row"].to_numpy()] + of_word @ (after - before)
    counts.eliminate_zeros()
    return counts


def plain_pieces(text: str, word: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield the pieces of a text around a word: plain, words, and both without it."""
    for low, high in around(found(text, word), len(word), CHARACTERS):
        piece = text[max(low, 0) : high]
        yield piece, "", piece.replace(word, " "), ""


def word_pieces(listed: list[str], word: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield the pieces of a list of words around a word: plain, words, and both without it."""
    starts = [place for place, other in enumerate(listed) if other == word]
    for low, high in around(starts, 1, WORDS):
        piece = listed[max(low, 0) : high]
        yield "", " ".join(piece), "", " ".join(other for other in piece if other != word)


def found(text: str, word: str) -> Iterator[int]:
    """Yield where the word begins, as `str.replace` finds it: occurrences do not overlap."""
    start = text.find(word)
    while start >= 0:
        yield start
        start = text.find(word, start + len(word))


def around(starts: Iterable[int], length: int, margin: int) -> Iterator[tuple[int, int]]:
    """Yield the spans around occurrences of some length; spans that touch are one."""
    low = high = None
    for start in starts:
        if high is not None and start - margin <= high:
            high = start + length + margin
            continue
        if high is not None:
            yield low, high
        low, high = start - margin, start + length + margin
    if high is not None:
        yield low, high
