"""Tags with few articles are named, and left out when asked; tags that join others are noted."""

import json

import pandas as pd
import pytest

from tagger.folds import tags_of_several
from tagging_prediction import main
from tests.conftest import ROOT

ARTICLES = ROOT / "tests" / "fixtures" / "q3a" / "articles.csv"
FAST = ("--search", "none", "--model", "linear", "--format", "json")


@pytest.fixture
def rare(tmp_path):
    """Sixty articles and more, one of which is of a tag of its own."""
    path = tmp_path / "rare.csv"
    path.write_text(ARTICLES.read_text(encoding="utf-8") + "999,財經,股市上升\n", encoding="utf-8")
    return str(path)


def test_a_rare_tag_is_named_with_the_way_out(rare, capsys):
    assert main(["--train", rare, *FAST]) == 2
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert "財經 (1)" in line and "--drop-rare 5" in line


def test_a_rare_tag_is_left_out_and_reported(rare, capsys):
    assert main(["--train", rare, "--drop-rare", "5", *FAST]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert found["articles"] == len(pd.read_csv(ARTICLES))
    assert "財經" not in {it["tag"] for it in found["tags"]}
    assert "--drop-rare 5 leaves out 1 article: 財經 (1)" in err


def test_all_tags_may_be_too_rare(rare, capsys):
    assert main(["--train", rare, "--drop-rare", "1000", *FAST]) == 2
    assert "no tag is left" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("tags", "noted"),
    [
        (["NBA", "拜登", "NBA|拜登", "拜登|NBA"], "2 articles have a tag that joins others by '|'"),
        (["NBA", "拜登", "拜登、NBA"], "such as 拜登、NBA"),
        (["NBA", "拜登", "AC/DC"], None),
        (["NBA", "拜登"], None),
    ],
)
def test_tags_that_join_others_are_noted(tags, noted):
    lines = tags_of_several(pd.Series(tags))
    assert noted in lines[0] if noted else not lines
