"""Terms are counted once, and each fold weighs them as if it had counted its articles alone."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from tagger.families import WORD_RUNS
from tagger.features import FrequentTerms, weights
from tagger.occlusion import counts_without
from tagger.terms import KINDS, WORD, TermCounts, counted
from tests.q3a.conftest import corpus

WORD_LISTS = st.lists(st.sampled_from(["甲", "乙乙", "甲乙", "NBA", "b", "甲乙甲"]), min_size=1)


def of_text(*lists: list[str]) -> pd.DataFrame:
    """Return articles of these words, in a text with some punctuation between them."""
    texts = ["，".join(words) + " 甲" for words in lists]
    rows = [(text, " ".join([*words, "甲"])) for text, words in zip(texts, lists, strict=True)]
    return pd.DataFrame(rows, columns=["plain", "words"], dtype=object)


@pytest.mark.parametrize("seed", [0, 1])
def test_weights_of_a_fold_are_those_of_counting_it_alone(seed):
    articles = counted(corpus(seed=seed))
    train, test = np.split(np.random.default_rng(seed).permutation(60), [40])
    features = weights(articles.terms.columns(), ("words",), ("characters",))
    features.fit(articles.counts[train])
    found = features.transform(articles.counts[test])
    alone = [
        TfidfVectorizer(token_pattern=WORD, sublinear_tf=True),
        TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True),
    ]
    columns = ["words", "plain"]
    for vectorizer, column in zip(alone, columns, strict=True):
        vectorizer.fit(articles.articles[column].iloc[train])
    expected = [
        vectorizer.transform(articles.articles[column].iloc[test])
        for vectorizer, column in zip(alone, columns, strict=True)
    ]
    assert abs(found - sparse.hstack(expected)).max() < 1e-12
    names = features.get_feature_names_out(articles.terms.get_feature_names_out()).tolist()
    assert names == [name for it in alone for name in it.get_feature_names_out()]


def test_runs_that_no_article_of_a_fold_has_do_not_count():
    articles = counted(of_text(["a", "b"], ["a", "b"], ["c", "a"]))
    features = weights(articles.terms.columns(), WORD_RUNS).fit(articles.counts[:2])
    names = features.get_feature_names_out(articles.terms.get_feature_names_out())
    assert names.tolist() == ["a", "b", "甲", "a b", "b 甲"]


@pytest.mark.parametrize(("low", "high"), [(0.05, 0.9), (2, 0.5), (1, 1.0)])
def test_floors_are_those_of_count_vectorizer(low, high):
    articles = counted(corpus())
    place = articles.terms.columns()["words"]
    found = FrequentTerms((place.start, place.stop), low, high).fit(articles.counts)
    theirs = CountVectorizer(token_pattern=WORD, min_df=low, max_df=high)
    expected = theirs.fit_transform(articles.articles["words"])
    assert abs(found.transform(articles.counts) - expected).max() == 0


def test_terms_survive_being_sent():
    articles = corpus()
    terms, empty = TermCounts().fit(articles), TermCounts(("word pairs",)).fit(of_text([], []))
    for fitted in (terms, empty):
        again = TermCounts()
        again.__setstate__(fitted.__getstate__())
        assert again.get_feature_names_out().tolist() == fitted.get_feature_names_out().tolist()
        assert abs(again.transform(articles) - fitted.transform(articles)).sum() == 0
    assert terms.of(["characters"]).columns().keys() == {"characters"}
    assert list(terms.columns()) == list(KINDS)


@given(lists=st.lists(WORD_LISTS, min_size=2, max_size=4))
def test_a_word_taken_out_is_as_if_it_had_not_been_written(lists):
    articles = of_text(*lists)
    terms = TermCounts().fit(articles)
    article = articles.iloc[0]
    words = list(dict.fromkeys(article["words"].split()))
    tried = pd.DataFrame({"row": [len(lists) - 1] * len(words), "word": words})
    without = pd.DataFrame(
        [
            {
                "plain": article["plain"].replace(word, " "),
                "words": " ".join(it for it in article["words"].split() if it != word),
            }
            for word in words
        ],
        dtype=object,
    )
    last_first = articles[::-1]
    found = counts_without(terms, last_first, terms.transform(last_first), tried)
    assert abs(found - terms.transform(without)).sum() == 0
    assert found.data.min(initial=1) > 0
