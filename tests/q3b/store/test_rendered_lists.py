"""A list rendered at publication is read as the items that were recommended, cut anywhere."""

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.lists import FILLED_FROM, REASONS, RECOMMENDATION
from store.items import recommended_items
from store.sqlite.lists import Texts, list_json, numbers_in, rendered_lists

ITEMS = 7
NAMES = [{"id": f"{number}%\n", "name": f'\x01 "{number}" \\ 王'} for number in range(ITEMS)]
SHOWN = [name | {"url": None} for name in NAMES]
TEXTS = Texts(*([orjson.dumps(it)[:-1].decode() for it in items] for items in (SHOWN, NAMES)))
FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)
CAUSES = st.one_of(
    st.lists(st.integers(-1, ITEMS - 1), min_size=REASONS, max_size=REASONS),
    st.sampled_from([[rule, -1, -1] for rule in FILLED_FROM]),
)
ROWS = st.tuples(
    st.integers(0, ITEMS - 1),
    FLOATS,
    CAUSES,
    st.lists(st.floats(0, 1, width=32), min_size=REASONS, max_size=REASONS),
    st.lists(st.integers(0, 2**31 - 1), min_size=REASONS, max_size=REASONS),
)


@given(lists=st.lists(st.lists(ROWS, max_size=5), max_size=4), limit=st.integers(1, 6))
def test_a_rendered_list_is_read_as_its_items(lists, limit):
    rows = np.array([tuple(map(_field, row)) for one in lists for row in one], RECOMMENDATION)
    starts = np.cumsum([0, *map(len, lists)])
    rendered = rendered_lists(rows, starts, TEXTS)
    assert len(rendered) == len(lists)
    for number, row in enumerate(rendered):
        own = rows[starts[number] : starts[number + 1]]
        expected = recommended_items(SHOWN.__getitem__, NAMES.__getitem__, own)
        assert orjson.loads(list_json(row, limit)) == expected[:limit]
        causes = own["because_artist"]
        assert numbers_in(own) == {*own["artist"].tolist(), *causes[causes >= 0].tolist()}


def _field(value):
    return tuple(value) if isinstance(value, list) else value


@pytest.mark.parametrize("field", ["score", "because_share"])
@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_what_is_not_a_number_is_not_rendered(field, wrong):
    rows = np.zeros(1, RECOMMENDATION)
    rows[field] = wrong
    with pytest.raises(ValueError, match="not a finite number"):
        rendered_lists(rows, np.array([0, 1]), TEXTS)
