"""Why an article got its tag: the words that spoke for it, and those for the second likeliest.

A word's value is the sum of what its terms contributed: the word itself, pairs of words, and runs
of characters, each run being shared out among its characters. A character outside of all words,
such as a question mark, has its own value, and so has the article's vector as a whole. A forest is
asked by leaving words out.
"""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.pipeline import Pipeline

from tagger.contributions import contributions, is_linear
from tagger.novelty import WHITE_SPACE
from tagger.occlusion import occlusion
from tagger.terms import VECTORS, TermCounts

MOST_WORDS = 5  # named per article
LEAST = 0.001  # value of a word that is named
AT_ONCE = 1_000  # articles
VECTOR = "[vector]"  # named among the words


def reasons(
    tagger: Pipeline, articles: pd.DataFrame, first: np.ndarray, second: np.ndarray
) -> pd.DataFrame:
    """Return what each word of each article is worth: columns row, word, value.

    The values of an article's words sum to what its text changed in log(P(first) / P(second)). Of a
    forest a value is by how much P(first) - P(second) falls without the word. articles: prepared,
    with words. first, second: places of two tags among the tagger's, for each article.
    """
    way = linear_reasons if is_linear(tagger["model"]) else occlusion
    starts = range(0, len(articles), AT_ONCE)
    parts = [slice(start, start + AT_ONCE) for start in starts]
    tables = [way(tagger, articles[part], first[part], second[part]) for part in parts]
    for start, table in zip(starts, tables, strict=True):
        table["row"] += start
    return pd.concat(tables) if tables else pd.DataFrame(columns=["row", "word", "value"])


def strongest(table: pd.DataFrame, articles: int, sign: int = 1) -> list[list[str]]:
    """Return, for each article, the words of the highest value, or with sign -1 of the lowest."""
    values = sign * table["value"]
    chosen = table.assign(value=values)[values >= LEAST]
    chosen = chosen.sort_values("value", ascending=False, kind="stable")
    words = chosen.groupby("row")["word"].agg(lambda words: words.tolist()[:MOST_WORDS])
    return [words.get(row, []) for row in range(articles)]


def deciding_words(
    tagger: Pipeline, articles: pd.DataFrame, predicted: np.ndarray, given: np.ndarray
) -> list[list[str]]:
    """Return, for each article, the words that spoke most for its predicted tag.

    They spoke against the tag that is given; against the second likeliest where the given one is
    the predicted one, was not learnt, or is empty.
    """
    first = np.searchsorted(tagger.classes_, predicted)
    probabilities = tagger.predict_proba(articles)
    probabilities[np.arange(len(first)), first] = -1
    places = {tag: place for place, tag in enumerate(tagger.classes_) if tag}
    pairs = zip(given, predicted, probabilities.argmax(axis=1), strict=True)
    second = [other if tag == own else places.get(tag, other) for tag, own, other in pairs]
    return strongest(reasons(tagger, articles, first, np.array(second)), len(articles))


def linear_reasons(
    tagger: Pipeline, articles: pd.DataFrame, first: np.ndarray, second: np.ndarray
) -> pd.DataFrame:
    """Return `reasons` of a linear model or a vote of linear models."""
    terms = tagger["terms"]
    counts = terms.transform(articles)
    found = contributions(tagger["model"], counts, first, second)
    counts.data = 1 / counts.data
    once = sparse.csr_matrix(found.multiply(counts))
    columns, rows = terms.columns(), []
    if numbers := columns.pop(VECTORS, None):
        values = np.asarray(found[:, numbers].sum(axis=1)).ravel()
        rows += [(row, VECTOR, value) for row, value in enumerate(values)]
    starts = {kind: place.start for kind, place in columns.items()}
    for row, (plain, words) in enumerate(zip(articles["plain"], articles["words"], strict=True)):
        own = slice(once.indptr[row], once.indptr[row + 1])
        worth = dict(zip(once.indices[own].tolist(), once.data[own].tolist(), strict=True))
        values = word_values(terms, starts, worth, plain, words.split())
        rows += [(row, word, value) for word, value in values.items()]
    return pd.DataFrame(rows, columns=["row", "word", "value"])


def word_values(
    terms: TermCounts,
    starts: dict[str, int],
    worth: dict[int, float],
    plain: str,
    words: list[str],
) -> Counter[str]:
    """Return the value of each word, and of each character outside of words.

    starts: first column of each kind of term of texts. worth: of a term each time it occurs, by
    column.
    """
    values, listed = Counter(), [word.lower() for word in words]
    text = WHITE_SPACE.sub(" ", plain.lower())
    shares = [0.0] * len(text)
    for kind, start in starts.items():
        by_word = kind in ("words", "word pairs")
        for length, place, term in runs(terms.vectorizers_[kind], listed if by_word else text):
            value = worth.get(start + term, 0.0) / length
            if by_word:
                for word in words[place : place + length]:
                    values[word] += value
            else:
                for character in range(place, place + length):
                    shares[character] += value
    place = 0
    for word, lowered in zip(words, listed, strict=True):
        start = text.find(lowered, place)
        if start >= 0:
            place = start + len(lowered)
            values[word] += sum(shares[start:place])
            shares[start:place] = [0.0] * len(lowered)
    for character, share in zip(text, shares, strict=True):
        if share:
            values[character.replace(" ", "␣")] += share
    return values


def runs(vectorizer: CountVectorizer, listed: list[str] | str) -> Iterator[tuple[int, int, int]]:
    """Yield length, place and number of each known run of words, or of characters of a text."""
    separator = "" if isinstance(listed, str) else " "
    shortest, longest = vectorizer.ngram_range
    known = vectorizer.vocabulary_ if vectorizer.vocabulary else {}
    for length in range(shortest, longest + 1):
        for place in range(len(listed) - length + 1):
            number = known.get(separator.join(listed[place : place + length]))
            if number is not None:
                yield length, place, number
