"""Articles of --test that have a tag are scored, by a tagger just learnt or by a saved one."""

import json

import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, f1_score

from tagging_prediction import main
from tests.conftest import ROOT

ARTICLES = ROOT / "tests" / "fixtures" / "q3a" / "articles.csv"
FAST = ("--search", "none", "--model", "linear")


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """A file of tagged articles; one tag was never learnt, one is empty, one text has no word."""
    path = tmp_path_factory.mktemp("known") / "known.csv"
    table = pd.read_csv(ARTICLES, dtype=str, keep_default_na=False)[::2]
    table.iloc[0, table.columns.get_loc("tag")] = "財經"
    table.iloc[1, table.columns.get_loc("tag")] = ""
    table.iloc[2, table.columns.get_loc("text")] = "🏀！"
    table.to_csv(path, index=False)
    return path, table


def run(capsys, *arguments) -> str:
    assert main([str(argument) for argument in arguments]) == 0
    return capsys.readouterr().out


def test_scores_are_those_of_the_tags_that_were_written(known, tmp_path, capsys):
    path, table = known
    files = ("--test", path, "--output", tmp_path / "tags.csv")
    saved = ("--save", tmp_path / "tagger.skops")
    out = run(capsys, "--train", ARTICLES, *files, *FAST, *saved, "--format", "json")
    found = json.loads(out)["test"]
    written = pd.read_csv(tmp_path / "tags.csv", dtype=str, keep_default_na=False)
    assert written["id"].tolist() == table["id"].tolist()
    has_tag = (table["tag"] != "").to_numpy()
    true, predicted = table["tag"][has_tag], written["predicted_tag"][has_tag]
    accuracy = accuracy_score(true, predicted)
    assert found["articles"] == len(table) - 1
    assert found["accuracy_mean"] == pytest.approx(accuracy)
    assert accuracy < 1
    assert found["macro_f1"] == pytest.approx(f1_score(true, predicted, average="macro"))
    assert "財經" in {it["tag"] for it in found["misclassified"]}

    out = run(capsys, "--predict", "--model-file", tmp_path / "tagger.skops", *files)
    assert f"Mean accuracy: {accuracy:.4f}" in out


def test_without_tags_there_is_nothing_to_score(tmp_path, capsys):
    new = ROOT / "tests" / "fixtures" / "q3a" / "new.csv"
    files = ("--test", new, "--output", tmp_path / "tags.csv")
    out = run(capsys, "--train", ARTICLES, *files, *FAST, "--format", "json")
    assert "test" not in json.loads(out)
