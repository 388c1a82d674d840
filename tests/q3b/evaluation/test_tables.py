"""A comparison as text says what it is made of."""

import pytest

from evaluation.tables import title


@pytest.mark.parametrize(
    ("splits", "absent", "text"),
    [
        (
            1,
            0,
            "ml-100k: 1 split (time), means over 943 users ± 95 % confidence; seconds are medians",
        ),
        (
            3,
            250,
            "ml-100k: 3 splits (time), means over 943 users ± 95 % confidence; seconds are "
            "medians\n250 of 2,000 held-out plays are of artists that nobody plays in training, "
            "and left out",
        ),
    ],
)
def test_a_title_says_what_was_left_out(splits, absent, text):
    about = {"data": "ml-100k", "split": "time", "users": 943, "held_out": 1750}
    assert title(about | {"splits": splits, "absent": absent}) == text
