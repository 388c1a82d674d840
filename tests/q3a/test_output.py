"""Tags as they are written: limits by tag, the likeliest tags, spreadsheets without formulas."""

from common.command import UserError

import csv
import io
import os
import subprocess
import sys

import numpy as np
import openpyxl
import pandas as pd
import pytest

from articles.files import Source, read_batches
from articles.preparation import prepared
from articles.rejections import Rejections
from articles.sample import sample_articles
from tagger.judgements import FEATURES, judge
from tagger.predictions import OTHERS, Wanted, predictions, write_predictions
from tagger.saved import load
from tagger.writers import CELL, writer
from tests.conftest import ROOT
from tests.project.conftest import tagger_bytes

FORMULAS = ['=HYPERLINK("http://x","y")', "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "＝1", "\n=1"]
TEXTS = [*FORMULAS, "湖人", "a=1", "'quoted", 'a,"b"\nc', "_x0041_", "\x01\x1f\ufffe", ""]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a saved tagger."""
    folder = tmp_path_factory.mktemp("saved")
    (folder / "tagger.skops").write_bytes(tagger_bytes())
    return folder


@pytest.fixture(scope="module")
def tagger(folder):
    return load(folder / "tagger.skops").tagger


@pytest.fixture(scope="module")
def new():
    return prepared(sample_articles(seed=1)[1])


def test_limits_are_of_each_tag(tagger, new):
    free = predictions(tagger, new)
    tags = free["predicted_tag"]
    confidence = pd.Series(tagger.predict_proba(new[FEATURES]).max(axis=1))
    least = {tag: confidence[tags == tag].median() for tag in ("NBA", "拜登")}
    for other in (0.0, 1.0):
        found = predictions(tagger, new, Wanted(least | {OTHERS: other}))
        kept = confidence >= tags.map(least).fillna(other)
        assert found["predicted_tag"].tolist() == tags.where(kept, "").tolist()
        assert found["confidence"].tolist() == confidence.round(4).tolist()
    with pytest.raises(UserError, match="no tag 'MLB' among NBA, 拜登, 新盤市況"):
        predictions(tagger, new, Wanted({"MLB": 0.5}))
    with pytest.raises(UserError, match="two limits for NBA"):
        predictions(tagger, new, Wanted({"NBA": 0.5, "ＮＢＡ": 0.6}))


def test_the_likeliest_tags_are_given_whatever_the_limit(tagger, new):
    probabilities = tagger.predict_proba(new[FEATURES]).round(4)
    found = predictions(tagger, new, Wanted({OTHERS: 1.0}, top_k=5))
    assert (found["predicted_tag"] == "").all()
    for number, row in found.iterrows():
        expected = dict(zip(tagger.classes_, probabilities[number], strict=True))
        ranked = [(row[f"tag_{k}"], row[f"confidence_{k}"]) for k in (1, 2, 3)]
        assert dict(ranked) == expected
        assert [it for _, it in ranked] == sorted(expected.values(), reverse=True)
        assert row["tag_4"] == row["tag_5"] == "" and np.isnan(row["confidence_5"])


def test_an_article_without_words_has_no_likeliest_tag(tagger):
    empty = prepared(pd.DataFrame({"id": ["1"], "text": ["！"]}))
    (row,) = predictions(tagger, empty, Wanted(top_k=1)).to_dict("records")
    assert np.isnan(row.pop("confidence_1"))
    assert row == {"id": "1", "text": "！", "predicted_tag": "", "confidence": 0, "tag_1": ""}


@pytest.mark.filterwarnings("error")
def test_more_tags_than_there_are_is_no_trouble(tagger, new):
    assert len(predictions(tagger, new, Wanted(top_k=1_000)).columns) == 2_004


@pytest.mark.parametrize("name", ["tags.csv", "tags.xlsx"])
def test_no_article_is_a_header(tagger, tmp_path, name):
    path = tmp_path / name
    none = pd.DataFrame(columns=["id", "text", "place"], dtype=object)
    assert not write_predictions(tagger, [judge(tagger, prepared(none))], Wanted(top_k=1), path)
    header = ["id", "text", "predicted_tag", "confidence", "tag_1", "confidence_1"]
    assert written(path) == [header]


def written(path) -> list[list]:
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.reader(file))
    return [list(row) for row in openpyxl.load_workbook(path).active.iter_rows(values_only=True)]


def write(path, texts, encoding="utf-8"):
    with writer(path, encoding) as append:
        for text in texts:
            append(pd.DataFrame({"text": [text], "confidence": [-0.5]}))


def test_programs_get_texts_as_they_are(tmp_path):
    write(tmp_path / "tags.csv", TEXTS)
    expected = [["text", "confidence"], *([text, "-0.5"] for text in TEXTS)]
    assert written(tmp_path / "tags.csv") == expected
    assert (tmp_path / "tags.csv").read_bytes().startswith(b"text,")


def test_a_spreadsheet_takes_no_text_of_csv_for_a_formula(tmp_path):
    write(tmp_path / "tags.csv", TEXTS, "utf-8-sig")
    quoted = [f"'{text}" if text in FORMULAS else text for text in TEXTS]
    expected = [["text", "confidence"], *([text, "-0.5"] for text in quoted)]
    assert written(tmp_path / "tags.csv") == expected
    assert (tmp_path / "tags.csv").read_bytes().startswith(b"\xef\xbb\xbftext,")


def test_a_workbook_has_strings_and_is_read_back_as_it_was(tmp_path):
    path = tmp_path / "tags.xlsx"
    write(path, TEXTS)
    cells = [row[0] for row in openpyxl.load_workbook(path).active.iter_rows(min_row=2)]
    assert {cell.data_type for cell in cells} <= {"s", "inlineStr", "n"}  # n: an empty cell
    source = Source({"id": "confidence", "text": "text"})
    (read,) = read_batches([path], ["id", "text"], source, Rejections())
    assert read["text"].tolist() == TEXTS
    assert set(read["id"]) == {"-0.5"}


def test_a_workbook_shows_where_a_text_is_cut(tmp_path):
    write(tmp_path / "tags.xlsx", ["拜" * (CELL + 1)])
    assert written(tmp_path / "tags.xlsx")[1][0] == "拜" * (CELL - 1) + "…"


def test_a_workbook_of_too_many_rows_is_refused_and_not_left_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("tagger.writers.ROWS", 3)
    with pytest.raises(UserError, match=r"more than 3 rows; write CSV"):
        write(tmp_path / "tags.xlsx", ["a", "b", "c"])
    assert not list(tmp_path.iterdir())
    write(tmp_path / "tags.xlsx", ["a", "b"])


def test_tables_of_pandas_are_the_same(tmp_path):
    """An independent reader sees the same texts."""
    write(tmp_path / "tags.xlsx", ["007", "NA", "1e5"])
    table = pd.read_excel(io.BytesIO((tmp_path / "tags.xlsx").read_bytes()), keep_default_na=False)
    assert table["text"].tolist() == ["007", "NA", "1e5"]


def example() -> str:
    """The Python code of the README."""
    text = (ROOT / "Q3a" / "README.md").read_text(encoding="utf-8")
    return text.partition("```python\n")[2].partition("```")[0]


def test_the_python_of_the_readme_runs(folder, tagger):
    finished = subprocess.run(
        [sys.executable, "-c", example()],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT / "Q3a"), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert finished.returncode == 0, finished.stderr
    header, *rows = (line.split() for line in finished.stdout.splitlines())
    assert header == ["predicted_tag", "confidence"]
    assert len(rows) == 2
    assert {row[1] for row in rows} <= set(tagger.classes_)
    assert all(1 / 3 <= float(row[2]) <= 1 for row in rows)
