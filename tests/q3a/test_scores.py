"""Figures of merit against scikit-learn's, and an interval as wide as a bootstrap's."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from quality.report import Run, as_record, as_text
from quality.scores import confusion, fold_accuracies, macro_f1_interval, per_tag
from tagger.evaluation import Evaluation
from tagger.objective import macro_f1


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    generator = np.random.default_rng(0)
    true = generator.choice(["甲", "乙", "丙"], 300, p=[0.7, 0.2, 0.1])
    wrong = generator.random(300) < 0.2
    predicted = np.where(wrong, generator.choice(["甲", "乙", "丙"], 300), true)
    return Evaluation(true, predicted, np.ones(300), np.arange(300) % 5, [])


def test_macro_f1_is_scikit_learns(evaluation):
    expected = f1_score(evaluation.true, evaluation.predicted, average="macro")
    assert macro_f1(confusion(evaluation).to_numpy()) == pytest.approx(expected)
    assert per_tag(evaluation)["f1"].mean() == pytest.approx(expected)


def test_fold_accuracies(evaluation):
    correct = evaluation.true == evaluation.predicted
    assert fold_accuracies(evaluation) == pytest.approx([correct[i::5].mean() for i in range(5)])


def test_the_interval_holds_the_figure_and_has_its_width(evaluation):
    counts = confusion(evaluation).to_numpy()
    low, high = macro_f1_interval(counts, seed=0)
    assert low < macro_f1(counts) < high
    rows = np.random.default_rng(1).integers(0, 300, (1000, 300))
    resampled = [
        f1_score(evaluation.true[row], evaluation.predicted[row], average="macro")
        for row in rows[:200]
    ]
    assert high - low == pytest.approx(np.subtract(*np.percentile(resampled, [97.5, 2.5])), rel=0.3)


def test_no_mistakes_are_a_figure_of_one():
    tags = np.array(["a", "b"] * 10)
    counts = confusion(Evaluation(tags, tags, np.ones(20), np.zeros(20, int), [])).to_numpy()
    assert macro_f1(counts) == 1
    assert macro_f1_interval(counts, seed=0) == (1, 1)


def test_a_tag_that_a_sample_lacks_has_no_figure():
    """Of 41 right articles, 3 of a rare tag, every sample is all right."""
    counts = np.diag([20, 18, 3])
    assert macro_f1_interval(counts, seed=0) == (1, 1)


def test_where_nobody_is_so_sure_nothing_is_right_or_wrong():
    tags = np.array(["a", "b"] * 10)
    evaluation = Evaluation(tags, tags, np.full(20, 0.75), np.arange(20) % 5, [])
    run = Run(None, pd.Series(map(str, range(20))), evaluation, seed=0)

    rows = json.loads(json.dumps(as_record(run), allow_nan=False))["confidence"]
    assert {row["min_confidence"]: row["accuracy"] for row in rows} == {
        **{0.0: 1, 0.5: 1, 0.7: 1},
        **{0.8: None, 0.9: None, 0.95: None},
    }
    assert "0.80     0.0000               -" in as_text(run)
