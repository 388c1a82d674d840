"""Novelty: as counted by hand, and more often high for a foreign topic than for known ones."""

from common.command import UserError

import numpy as np
import pandas as pd
import pytest

from articles.sample import sample_articles
from tagger.novelty import Novelty, known_share
from tagger.predictions import Wanted, check_abilities
from tagger.saved import load
from tagger.terms import TermCounts
from tagging_prediction import main
from tests.q3a.conftest import counted_corpus, one_candidate, tagger_of


def test_novelty_is_the_share_of_held_out_articles_that_are_more_familiar():
    figures = np.column_stack([np.arange(100), 7 * np.arange(100)])
    novelty = Novelty().fit(figures[::-1])
    assert novelty.of(figures) == pytest.approx(1 - np.arange(100) / 100)
    assert novelty.of(np.array([[-1, -1], [500, 500]])).tolist() == [1, 0]
    refused = novelty.of(figures) > Wanted(max_refused=0.02).most_novel
    assert np.flatnonzero(refused).tolist() == [0, 1]
    assert not (novelty.of(figures) > Wanted().most_novel).any()


def test_figures_of_one_value_are_no_division_by_zero():
    novelty = Novelty().fit(np.ones((5, 2)))
    assert novelty.of(np.array([[0, 0], [1, 1], [2, 2]])).tolist() == [1, 1, 0]


def test_the_share_of_known_terms_is_that_counted_by_hand():
    learnt = pd.DataFrame({"plain": ["甲乙丙", "Ab"], "words": ["甲乙 丙", "Ab"]})
    rows = [("甲乙丁", "甲乙 丁"), ("aB", "aB"), ("甲  丙", "甲 丙"), ("", "")]
    new = pd.DataFrame(rows, columns=["plain", "words"])
    terms = TermCounts(("words", "characters")).fit(learnt)
    # 甲, 乙, 甲乙 of five; all of three; 甲, 丙 of 甲, a space, 丙 and their two pairs
    shares = known_share(terms, new, terms.transform(new))
    assert shares.tolist() == [3 / 5, 1, 2 / 5, 0]
    without_first = terms.transform(learnt[1:]).getnnz(axis=0) > 0
    assert known_share(terms, new, terms.transform(new), without_first).tolist() == [0, 1, 0, 0]
    words = terms.of(["words"])
    assert known_share(words, new, words.transform(new)).tolist() == [1 / 2, 1, 1 / 2, 0]


def test_a_foreign_topic_is_refused_more_often_than_known_ones(tmp_path):
    """Saved and used again, the tagger refuses the same articles."""
    training, _ = sample_articles(seed=3)
    known = training[training["tag"] != "NBA"]
    known[::2].to_csv(tmp_path / "train.csv", index=False)
    others = pd.concat([known[1::2], training[training["tag"] == "NBA"]])
    others.drop(columns="tag").to_csv(tmp_path / "new.csv", index=False)
    asked = ["--test", tmp_path / "new.csv", "--max-refused", "0.1", "--output"]
    learn = ["--train", tmp_path / "train.csv", "--search", "none", "--save", tmp_path / "t.skops"]
    assert main([str(it) for it in (*learn, *asked, tmp_path / "a.csv")]) == 0
    use = ["--predict", "--model-file", tmp_path / "t.skops"]
    assert main([str(it) for it in (*use, *asked, tmp_path / "b.csv")]) == 0
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    table = pd.read_csv(tmp_path / "a.csv", keep_default_na=False)
    refused = (table["predicted_tag"] == "").to_numpy()
    assert (refused == (table["novelty"] > 0.9)).all()
    assert (table["novelty"] == table["novelty"].round(4)).all()
    foreign = (others["tag"] == "NBA").to_numpy()
    assert 0.02 < refused[~foreign].mean() < 0.2
    assert refused[foreign].mean() > 2 * refused[~foreign].mean()
    found = load(tmp_path / "t.skops").predict(["🏀！"], max_refused=0.1)
    assert found.to_dict("records") == [{"predicted_tag": "", "confidence": 0, "novelty": 1}]


def test_a_tagger_that_does_not_know_novelty_says_so():
    tagger = tagger_of(one_candidate("linear"), counted_corpus(per_tag=8))
    check_abilities(tagger, Wanted().abilities)
    with pytest.raises(UserError, match="does not know novelty"):
        check_abilities(tagger, Wanted(max_refused=0.1).abilities)
