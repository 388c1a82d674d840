"""Learning in small steps: a file sorted by tag does no harm, and the model is one like others."""

from common.command import UserError

import pandas as pd
import pytest

from articles.files import Source
from articles.preparation import prepared
from articles.rejections import Rejections
from tagger.out_of_core import MOST_EPOCHS, check_counts, epochs, learn_out_of_core
from tagger.predictions import predictions
from tagger.saved import load, save_tagger


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    path = tmp_path_factory.mktemp("large") / "articles.csv"
    rows = [
        (f"{tag}{number}", tag, f"{words}。第{number}日，市民討論{words}。")
        for tag, words in (("樓市", "新盤開售"), ("體育", "籃球比賽"), ("政治", "總統講話"))
        for number in range(400)
    ]
    pd.DataFrame(rows, columns=["id", "tag", "text"]).to_csv(path, index=False)
    return learn_out_of_core([path], Source(), None, 0, Rejections())


def test_a_sorted_file_is_learnt_from_as_a_whole(learnt):
    _, judged, evaluation = learnt
    assert evaluation.correct.mean() > 0.98
    assert judged["tag"].value_counts().min() > 5
    assert judged["id"].is_unique
    assert len(judged) < 1200 / 5


def test_it_is_saved_and_tags_as_others_do(learnt, tmp_path):
    save_tagger(learnt[0], None, tmp_path / "tagger.skops")
    tagger = load(tmp_path / "tagger.skops").tagger
    new = prepared(pd.DataFrame({"id": ["1", "2"], "text": ["籃球比賽今日開始", "新盤開售"]}))
    assert predictions(tagger, new)["predicted_tag"].tolist() == ["體育", "樓市"]


def test_epochs_are_few_for_many_articles():
    assert epochs(10) == MOST_EPOCHS
    assert epochs(600_000) == 2
    assert epochs(5_000_000) == 1


@pytest.mark.parametrize("tags", [{"a": 5000}, {"a": 5000, "b": 99}])
def test_too_few_articles_are_refused(tags):
    from collections import Counter

    with pytest.raises(UserError, match="--out-of-core: fewer than"):
        check_counts(Counter(tags))
