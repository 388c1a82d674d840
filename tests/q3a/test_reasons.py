"""Reasons add up to what the model decided, and leaving a named word out changes its mind."""

import csv

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from articles.preparation import prepared
from articles.sample import sample_articles
from tagger.calibration import scores
from tagger.contributions import contributions
from tagger.evaluation import evaluate, trained
from tagger.families import families
from tagger.predictions import Wanted, predictions
from tagger.reasons import reasons, strongest
from tagger.saved import load, save_tagger
from tagger.search import choose
from tagger.terms import counted
from tagging_prediction import main

KINDS = ["vote", "linear on words and characters", "linear on words", "forest"]


def tagger_for(kind: str, training: pd.DataFrame):
    family = next(it for it in families("all", "quick", 0) if it.name.startswith(kind))
    articles = counted(training.assign(group=range(len(training))), family.kinds)
    return trained(choose(articles, [family], 3, 0), articles)


@pytest.fixture(scope="module")
def training():
    return prepared(sample_articles(seed=0)[0][:150])


@pytest.fixture(scope="module")
def new():
    return prepared(sample_articles(seed=2)[1])


@pytest.fixture(scope="module", params=[(kind, tags) for kind in KINDS for tags in (2, 3)])
def told(request, training, new):
    """A tagger of two or three tags, and the two likeliest of these for each new article."""
    kind, tags = request.param
    known = training[training["tag"] != "NBA"] if tags == 2 else training
    tagger = tagger_for(kind, known.reset_index(drop=True))
    order = np.argsort(-tagger.predict_proba(new), axis=1)
    return kind, tagger, order[:, 0], order[:, 1]


def margin(tagger, counts, first, second) -> np.ndarray:
    """Return log(P(first) / P(second)) by the model's own scores."""
    found, rows = scores(tagger["model"].model_, counts), np.arange(len(first))
    return tagger["model"].inverse_temperature_ * (found[rows, first] - found[rows, second])


def test_contributions_sum_to_what_the_terms_changed(told, new):
    kind, tagger, first, second = told
    if kind == "forest":
        return
    counts = tagger["terms"].transform(new)
    usual = margin(tagger, counts, first, second)
    without_terms = margin(tagger, sparse.csr_matrix(counts.shape), first, second)
    summed = contributions(tagger["model"], counts, first, second).sum(axis=1)
    assert np.asarray(summed).ravel() == pytest.approx(usual - without_terms, abs=1e-4)
    by_word = reasons(tagger, new, first, second).groupby("row")["value"].sum()
    assert by_word.to_numpy() == pytest.approx(usual - without_terms, abs=1e-4)


def test_leaving_the_strongest_word_out_makes_the_tag_less_likely(told, new):
    """The texts without it are counted and judged anew, by the tagger as a whole."""
    kind, tagger, first, second = told
    table = reasons(tagger, new, first, second)
    for sign in (1, -1):
        named = strongest(table, len(new), sign)
        rows = np.flatnonzero([bool(words) for words in named])
        assert len(rows) > len(new) / 3
        words = [named[row][0] for row in rows]
        before = new.iloc[rows]
        after = before.assign(
            plain=[
                text.replace(word, " ") for text, word in zip(before["plain"], words, strict=True)
            ],
            words=[
                " ".join(it for it in text.split() if it != word)
                for text, word in zip(before["words"], words, strict=True)
            ],
        )
        usual, changed = (
            tagger.predict_proba(it)[np.arange(len(rows)), first[rows]]
            - tagger.predict_proba(it)[np.arange(len(rows)), second[rows]]
            for it in (before, after)
        )
        fell = sign * (usual - changed) > 0
        assert fell.mean() >= 0.9, (kind, sign)


def test_a_character_outside_of_words_is_named_and_a_space_is_seen():
    rows = [("甲！甲", "甲 甲"), ("乙 乙", "乙 乙")] * 10
    training = pd.DataFrame(rows, columns=["plain", "words"]).assign(tag=["是", "非"] * 10)
    tagger = tagger_for("linear on characters", training)
    table = reasons(tagger, training[:2], np.array([0, 1]), np.array([1, 0]))
    named = strongest(table, 2)
    assert set(named[0]) == {"甲", "！"}
    assert set(named[1]) == {"乙", "␣"}


def test_values_sum_whatever_the_letters():
    """Some have a longer form in lower case, or another one at the end of a word."""
    texts = [
        "İstanbul İİ 甲甲",
        "ΑΣ ΣΑΣ ΟΔΟΣ。NBA",
        "Straße ﬁn 𠮷野家 e\u0301",
        "，，，a-b A_B 3.5%",
    ]
    articles = prepared(pd.DataFrame({"id": range(40), "text": texts * 10}))
    tagger = tagger_for("vote", articles.assign(tag=["甲", "乙", "丙", "丁"] * 10))
    first, second = np.array([0, 1, 2, 3]), np.array([3, 2, 1, 0])
    table = reasons(tagger, articles[:4], first, second)
    counts = tagger["terms"].transform(articles[:4])
    summed = np.asarray(contributions(tagger["model"], counts, first, second).sum(axis=1)).ravel()
    assert table.groupby("row")["value"].sum().to_numpy() == pytest.approx(summed)
    assert set(strongest(table, 4)[0]) <= {"İstanbul", "İİ", "甲", "␣"}


def test_the_file_of_tags_names_reasons_of_both_tags(tmp_path, training, new):
    tagger = tagger_for("vote", training)
    found = predictions(tagger, new, Wanted(reasons=True, top_k=2))
    assert found["second_tag"].tolist() == found["tag_2"].tolist()
    assert (found["reasons"].str.split().str.len() <= 5).all()
    for row, words in zip(new["words"], found["reasons"], strict=True):
        assert words
        assert [word for word in words.split() if word.isalnum() and word not in row.split()] == []


def test_the_command_and_python_give_the_same_reasons(tmp_path, training):
    family = families("all", "none", 0)
    articles = counted(training.assign(group=range(len(training))), family[0].kinds)
    tagger = trained(choose(articles, family, 3, 0), articles, evaluate(articles, family, 0))
    save_tagger(tagger, None, tmp_path / "t.skops")
    texts = [*sample_articles(seed=2)[1]["text"][:3], "！"]
    pd.DataFrame({"id": range(4), "text": texts}).to_csv(tmp_path / "new.csv", index=False)
    asked = ["--predict", "--model-file", tmp_path / "t.skops", "--test", tmp_path / "new.csv"]
    assert main([str(it) for it in (*asked, "--reasons", "--output", tmp_path / "tags.csv")]) == 0
    with (tmp_path / "tags.csv").open(encoding="utf-8", newline="") as file:
        written = list(csv.DictReader(file))
    called = load(tmp_path / "t.skops").predict(texts, reasons=True)
    for name in ("reasons", "second_tag", "second_reasons"):
        assert [row[name] for row in written] == called[name].tolist()
    assert all(called["reasons"][:3]) and called["reasons"][3] == called["second_tag"][3] == ""
