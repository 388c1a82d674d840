"""The script as a user runs it: report, predictions, and one line for each mistake."""

import io
import json

import pandas as pd
import pytest

from tagging_prediction import main
from tests.conftest import ROOT, run_script

SCRIPT = "Q3a/tagging_prediction.py"
FIXTURES = ROOT / "tests" / "fixtures" / "q3a"
ARTICLES = FIXTURES / "articles.csv"
NEW = FIXTURES / "new.csv"
FAST = ("--search", "none", "--model", "linear")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    output = tmp_path_factory.mktemp("q3a") / "tagged.csv"
    arguments = (
        "--train",
        ARTICLES,
        "--test",
        NEW,
        "--output",
        output,
        "--format",
        "json",
    )
    finished = run_script(SCRIPT, *arguments, *FAST)
    assert finished.returncode == 0, finished.stderr
    return finished, output


def test_csv_has_the_figures_of_each_tag(finished):
    told = json.loads(finished[0].stdout)["tags"]
    csv = run_script(SCRIPT, "--train", ARTICLES, "--format", "csv", *FAST).stdout
    table = pd.read_csv(io.StringIO(csv))
    assert list(table) == ["tag", "articles", "precision", "recall", "f1"]
    assert table["articles"].tolist() == [tag["articles"] for tag in told]
    assert table["f1"].to_numpy() == pytest.approx([tag["f1"] for tag in told])


def test_the_report_holds_the_figures(finished):
    figures = json.loads(finished[0].stdout)
    assert len(figures["accuracy_folds"]) == 5
    assert figures["accuracy_mean"] == pytest.approx(sum(figures["accuracy_folds"]) / 5)
    assert 0.6 < figures["accuracy_mean"] <= 1
    assert 0.6 < figures["macro_f1"] <= 1
    assert figures["best_parameters"]
    assert len(figures["top_words"]) == 50
    hits = sum(row[place] for place, row in enumerate(figures["confusion"]))
    assert len(figures["misclassified"]) == figures["articles"] - hits


def test_every_new_article_gets_a_tag_and_keeps_its_id(finished):
    new = pd.read_csv(NEW, dtype=str, keep_default_na=False)
    predictions = pd.read_csv(finished[1], dtype=str, keep_default_na=False)
    assert predictions.columns.tolist() == ["id", "text", "predicted_tag", "confidence"]
    assert predictions["id"].tolist() == new["id"].tolist()
    assert predictions["text"].tolist() == new["text"].tolist()
    assert set(predictions["predicted_tag"]) <= {"拜登", "NBA", "新盤市況"}
    assert predictions["confidence"].astype(float).between(1 / 3, 1).all()


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("--train", "missing.csv"), ["missing.csv"]),
        (("--test", NEW), ["--test needs --train"]),
        (("--train", NEW), ["new.csv:1: ", "'tag'"]),
        (("--train", ARTICLES, "--columns", "label=x"), ["label", "tag=NAME"]),
        (("--train", ARTICLES, "--columns", "id=id,id=tag"), ["id=id,id=tag", "twice"]),
        (("--model", "oracle"), ["--model", "oracle"]),
        (("--seed", "-1"), ["--seed", "'-1'", "whole number"]),
        (("--min-confidence", "1.5"), ["'1.5'", "from 0 to 1"]),
        (("--importance", "permutation"), ["is for forests", "--model forest"]),
        (("--predict", "--test", NEW), ["--predict needs --model-file"]),
        (("--predict", "--test", NEW, "--model-file", "none.skops"), ["none.skops"]),
        (("--predict", "--test", NEW, "--model-file", NEW), ["new.csv", "not a tagger"]),
        (("--train", ARTICLES, "--save", "nowhere/x.skops"), ["--save", "no folder nowhere"]),
        (("--train", ARTICLES, "--out-of-core"), ["fewer than 100 articles"]),
        (("--train", ARTICLES, "--out-of-core", "--model", "linear"), ["one model of its own"]),
        (("--train", ARTICLES, "--out-of-core", "--search", "none"), ["one model of its own"]),
        (("--train", ARTICLES, "--test", NEW, "--output", ARTICLES), ["--output", "the same file"]),
        (("--train", ARTICLES, "--save", ARTICLES), ["--save", "another option names"]),
        (("--train", ARTICLES, "--save", "x.csv", "--candidates", "./x.csv"), ["the same file"]),
        (("--train", ARTICLES, "--save", FIXTURES), ["--save", "is a folder"]),
        (
            ("--train", ARTICLES, "--plot", "x.png", "--font", NEW),
            ["--font", "no file of a font"],
        ),
        (("--train", ARTICLES, "--encoding", "utf-16"), ["name another with --encoding"]),
    ],
)
def test_a_mistake_is_one_line(arguments, parts, capsys):
    assert main([str(argument) for argument in arguments]) == 2
    out, err = capsys.readouterr()
    line = err.strip().splitlines()[-1]
    assert line.startswith("tagging_prediction.py: error: ")
    assert all(part in line for part in parts), line
    assert not out


def test_a_rare_tag_is_one_line_and_writes_nothing(tmp_path, capsys):
    path, output = tmp_path / "rare.csv", tmp_path / "tagged.csv"
    path.write_text(ARTICLES.read_text(encoding="utf-8") + "999,財經,股市上升\n", encoding="utf-8")
    arguments = ("--train", path, "--test", NEW, "--output", output, *FAST)
    assert main([str(argument) for argument in arguments]) == 2
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert "財經 (1)" in line and "fewer than 5" in line
    assert not output.exists()
