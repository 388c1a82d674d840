"""The words that changed a decision: those without which a model would be less sure of a wrong tag.

Each word of an article is taken out in turn (occlusion, after Zeiler and Fergus 2014,
arxiv.org/abs/1311.2901), so that forests and linear models are asked in the same way. Only the text
around a word is counted again: an article may have millions of characters.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.pipeline import Pipeline

from tagger.evaluation import Evaluation
from tagger.terms import TermCounts

MOST_WORDS = 5  # named per article
MOST_ARTICLES = 100  # explained, the surest mistakes first
MOST_TRIED = 500  # words of an article, each of which costs a prediction
AT_ONCE = 50  # words
LEAST_DROP = 0.001  # of probability
CHARACTERS, WORDS = 2, 1  # on each side of a word that a run of terms can reach


def misleading_words(articles: pd.DataFrame, evaluation: Evaluation) -> dict[int, list[str]]:
    """The misleading words of misclassified articles, by row number, the worst first."""
    wrong = np.flatnonzero(~evaluation.correct)
    surest = wrong[np.argsort(-evaluation.confidence[wrong], kind="stable")][:MOST_ARTICLES]
    return {
        row: words_behind(
            evaluation.taggers[evaluation.fold[row]], articles.iloc[row], evaluation.predicted[row]
        )
        for row in surest.tolist()
    }


def words_behind(tagger: Pipeline, article: pd.Series, tag: str) -> list[str]:
    """The words whose absence lowers the probability of the tag most."""
    words = list(dict.fromkeys(article["words"].split()))[:MOST_TRIED]
    terms, model = tagger["terms"], tagger["model"]
    place = tagger.classes_.tolist().index(tag)
    whole = terms.transform(article.to_frame().T)
    usual = model.predict_proba(whole)[0, place]
    drops = [
        usual - model.predict_proba(counts_without(terms, article, whole, some))[:, place]
        for some in (words[start : start + AT_ONCE] for start in range(0, len(words), AT_ONCE))
    ]
    drops = np.concatenate(drops)
    order = np.argsort(-drops, kind="stable")[:MOST_WORDS]
    return [words[number] for number in order if drops[number] >= LEAST_DROP]


def counts_without(
    terms: TermCounts, article: pd.Series, whole: sparse.csr_matrix, words: Sequence[str]
) -> sparse.csr_matrix:
    """The counts of an article as if a word had not been written: a row for each of the words.

    whole: the counts of the article as it is.
    """
    listed = article["words"].split()
    pieces = [
        (row, *piece)
        for row, word in enumerate(words)
        for piece in (*plain_pieces(article["plain"], word), *word_pieces(listed, word))
    ]
    rows, *columns = zip(*pieces, strict=True)
    before, after = (
        terms.transform(pd.DataFrame({"plain": plain, "words": segmented}, dtype=object))
        for plain, segmented in (columns[:2], columns[2:])
    )
    shape = (len(words), len(rows))
    of_word = sparse.csr_matrix((np.ones(len(rows), dtype=int), (rows, range(len(rows)))), shape)
    counts = sparse.vstack([whole] * len(words), format="csr") + of_word @ (after - before)
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
