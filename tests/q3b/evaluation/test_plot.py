"""The picture of a comparison can be read with any number of models and data sets."""

import numpy as np
import pytest
from scipy import stats

from evaluation.names import NAMES
from evaluation.plot import described, figure_of
from tests.pictures import assert_readable


def row_of(data: str, model: str, number: int) -> dict:
    """A row as `compare` returns it, of 40 users on two splits; some models score no user."""
    values = np.full((2, 40), number / 50 if number % 4 else np.nan)
    users = {"recall@20": values, "ndcg@20": values / 2}
    quarters = np.repeat(np.arange(4), 10)
    return {
        **{"data": data, "split": "random", "model": model, "settings": {}, "users": users},
        **{"quarters": quarters, "lists": {"seconds": [1.0, 1.0]}},
    }


@pytest.mark.parametrize("models", [1, 3, len(NAMES)])
@pytest.mark.parametrize("sets", [["sample"], ["hetrec", "ml-100k", "lastfm-360k"]], ids=len)
def test_texts_can_be_read(models, sets):
    rows = [
        row_of(data, model, number)
        for data in sets
        for number, model in enumerate(NAMES[:models], 1)
    ]
    figure = figure_of(rows, 20)
    assert_readable(figure)
    bars, recall, ndcg = figure.axes[:: len(sets)]
    assert len(bars.patches) == 2 * models
    assert len(recall.containers) == len(ndcg.containers) == models


def test_quarters_have_intervals_of_their_users():
    """scipy computes the same interval; the second quarter is not scored, the third is one user."""
    row = row_of("sample", "EASE", 1)
    values = np.random.default_rng(1).random((2, 40))
    values[:, 10:20] = values[:, 20:29] = np.nan
    figure = figure_of([row | {"users": {"recall@20": values, "ndcg@20": values / 2}}], 20)
    for axes, factor in zip(figure.axes[1:], (1, 0.5), strict=True):
        ((line, _, (bars,)),) = axes.containers
        users = values.mean(axis=0) * factor
        drawn = line.get_ydata().astype(float)
        assert drawn[[0, 3]] == pytest.approx([users[:10].mean(), users[30:].mean()])
        assert np.isnan(drawn).tolist() == [False, True, False, False]
        low, high = bars.get_segments()[0][:, 1]
        error = stats.sem(users[:10])
        interval = stats.t.interval(0.95, 9, users[:10].mean(), error)
        assert (low, high) == pytest.approx(interval)
        assert bars.get_segments()[2][0, 1] == bars.get_segments()[2][1, 1]


def test_a_comparison_in_words_names_the_best_of_each_data_set():
    models = [
        ("ml-100k", "EASE", 3),
        ("ml-100k", "ALS", 5),
        ("hetrec", "EASE", 7),
        ("none", "x", 4),
    ]
    rows = [row_of(*model) for model in models]
    assert described(rows, 20) == (
        "Recall and nDCG of 20 by model; the highest recall on "
        "ml-100k: ALS 0.100; hetrec: EASE 0.140; none: x 0.000."
    )
