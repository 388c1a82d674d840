"""The picture of a comparison can be read with any number of models and data sets."""

import numpy as np
import pytest

from evaluation.names import NAMES
from evaluation.plot import figure_of
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
    bars, lines = figure.axes[0], figure.axes[len(sets)]
    assert len(bars.patches) == 2 * models
    assert len(lines.lines) == models
