"""What a model learnt and what misled it, on articles whose telling words are known."""

import numpy as np
import pandas as pd
import pytest

from quality import importance as word_importance
from quality.importance import permuted_words, top_words
from quality.mistakes import misleading_words
from tagger.evaluation import Evaluation
from tests.q3a.conftest import counted_corpus, one_candidate, tagger_of

TELLING = {"甲詞", "乙詞", "丙詞"}


@pytest.fixture(scope="module", params=["forest", "linear", "vote"])
def taught(request):
    candidate = one_candidate(request.param)
    return request.param, tagger_of(candidate, counted_corpus())


def test_the_telling_words_weigh_most(taught):
    kind, tagger = taught
    words = top_words(tagger, 20)
    assert words["importance"].is_monotonic_decreasing
    assert set(words["word"][:3]) == TELLING
    if kind != "forest":
        for row in words[:3].itertuples():
            assert row.word == row.tag + "詞"


def test_permuting_the_telling_words_costs_most(monkeypatch):
    monkeypatch.setattr(word_importance, "PERMUTED_WORDS", 10)
    words = permuted_words(counted_corpus(), one_candidate("forest"), 3, seed=0)
    assert set(words["word"]) == TELLING


def test_the_word_of_another_tag_misleads(taught):
    _, tagger = taught
    article = {"id": "x", "tag": "甲", "words": "乙詞 字1 字2 字3", "plain": "乙詞 字1 字2 字3"}
    wrong = Evaluation(np.array(["甲"]), np.array(["乙"]), np.array([0.9]), np.array([0]), [tagger])
    assert misleading_words(pd.DataFrame([article]), wrong)[0][0] == "乙詞"
