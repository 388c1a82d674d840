"""Taggers that earlier versions of this project have saved tag alike, or are refused in one line.

The files were written by those versions, from the articles of the fixtures cut to 40 characters; a
file of tags next to one has what that version gave to the new articles.
"""

from common.command import UserError

import csv

import pytest

from tagger.saved import load
from tagging_prediction import main
from tests.conftest import ROOT

FIXTURES = ROOT / "tests" / "fixtures" / "q3a"
TAGGERS = FIXTURES / "taggers"
READ = sorted(path.stem for path in TAGGERS.glob("*.csv"))


def rows(path) -> list[dict]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", READ)
def test_a_tagger_of_an_earlier_version_tags_as_it_did(tmp_path, name):
    given = ("--predict", "--model-file", TAGGERS / f"{name}.skops", "--test", FIXTURES / "new.csv")
    assert main([str(it) for it in (*given, "--output", tmp_path / "tags.csv")]) == 0
    found, expected = rows(tmp_path / "tags.csv"), rows(TAGGERS / f"{name}.csv")
    assert [row["predicted_tag"] for row in found] == [row["predicted_tag"] for row in expected]
    for figure in {"confidence", "novelty"} & set(expected[0]):
        values = [[float(row[figure]) for row in table] for table in (found, expected)]
        assert values[0] == pytest.approx(values[1], abs=2e-4)


def test_a_tagger_that_cannot_be_read_says_what_to_do():
    refused = {path.stem for path in TAGGERS.glob("*.skops")} - set(READ)
    assert refused == {"2026-11-24"}
    with pytest.raises(UserError, match=r"2026-11-24\.skops: was saved by an earlier .* --save$"):
        load(TAGGERS / "2026-11-24.skops")
