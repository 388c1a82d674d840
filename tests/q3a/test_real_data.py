"""The tagger on real articles (REAL_DATA_DIR), by one linear model without a search."""

import json

import pytest

from tagging_prediction import main

pytestmark = pytest.mark.slow


def figures(capsys, *arguments) -> dict:
    fixed = ("--search", "none", "--model", "linear", "--format", "json")
    assert main([*map(str, arguments), *fixed]) == 0
    return json.loads(capsys.readouterr().out)


def test_hong_kong_articles(real_data, capsys):
    found = figures(capsys, "--train", real_data / "q3a" / "hk01-2021-silver.csv")
    assert found["articles"] == 685
    assert found["accuracy_mean"] >= 0.995


def test_news_titles_with_their_near_duplicates_in_one_fold(real_data, capsys):
    files = real_data / "q3a" / "tw-news-titles" / "*.tsv"
    found = figures(capsys, "--train", files, "--columns", "id=index,tag=class,text=title")
    assert found["articles"] == 2400
    assert found["accuracy_mean"] >= 0.81
