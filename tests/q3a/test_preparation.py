"""Articles ready to learn from: words, conversion, and a line on whatever is odd."""

from common.command import UserError

import pandas as pd
import pytest

from articles.preparation import fit_to_learn_from, prepared
from articles.rejections import Rejections

STORY = "發展商宣布新盤首批單位價單，折實平均呎價較市場預期為低，周六正式開售。"


def articles(*rows) -> pd.DataFrame:
    return prepared(pd.DataFrame(rows, columns=["id", "tag", "text"]))


def test_simplified_text_is_converted_when_asked():
    simplified = pd.DataFrame({"text": ["软件开发商在里面"]})
    assert prepared(simplified, convert="s2hk")["plain"].tolist() == ["軟件開發商在裏面"]
    assert prepared(simplified)["plain"].tolist() == ["软件开发商在里面"]


def test_articles_are_numbered_anew_and_keep_their_columns():
    found = prepared(pd.DataFrame({"text": ["香港", "新界"]}, index=[7, 3]))
    assert found.index.tolist() == [0, 1]
    assert found.columns.tolist() == ["text", "plain", "words"]


def test_an_unknown_conversion_is_named():
    with pytest.raises(UserError, match="--convert s2klingon"):
        prepared(pd.DataFrame({"text": ["香港"]}), convert="s2klingon")


def test_oddities_are_said(capsys):
    found = fit_to_learn_from(
        articles(
            ("1", "樓市", STORY),
            ("1", "財經", STORY + "！"),
            ("2", "體育", "湖人今日作客擊敗勇士"),
            ("3", "體育", "🏀 ……"),
        )
    )
    assert found["id"].tolist() == ["1", "1", "2"]
    assert found["group"].tolist() == [0, 0, 1]
    said = capsys.readouterr().err
    assert "1 ids occur more than once: 1" in said
    assert "2 articles are near-duplicates" in said
    assert "2 near-duplicate articles have different tags" in said


def test_an_article_without_a_word_is_a_bad_row():
    rows = articles(("1", "a", "新盤開售"), ("2", "b", "！")).assign(place=["x.csv:2", "x.csv:3"])
    rejected = Rejections()
    assert fit_to_learn_from(rows, rejected)["id"].tolist() == ["1"]
    assert rejected.lines() == ["1 row rejected, first x.csv:3: no words"]
    with pytest.raises(UserError, match=r"x\.csv:3: no words; fix the row or pass --on"):
        fit_to_learn_from(rows, Rejections("stop"))


def test_nothing_odd_nothing_said(capsys):
    fit_to_learn_from(articles(("1", "a", "新盤開售"), ("2", "b", "總統講話")))
    assert capsys.readouterr().err == ""


def test_articles_without_a_word_cannot_be_learnt_from():
    with pytest.raises(UserError, match="no article has a word"):
        fit_to_learn_from(articles(("1", "a", "！"), ("2", "b", "…")))
