"""Any Unicode goes through cleaning, segmenting and tagging."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from articles.preparation import fit_to_learn_from, prepared
from articles.sample import sample_articles
from articles.text import plain_text
from tagger.predictions import predictions
from tagger.terms import counted
from tests.q3a.conftest import one_candidate, tagger_of

ODD = st.sampled_from(list("<>&;\"',\n\r\t\x00\ud800\udfff\ue000\ufeff\u202e\u200d🏀拜登１ﷺ"))
TEXT = st.text(st.characters() | ODD, max_size=200)
EXAMPLES = (
    "\ud83d",
    "\ue000\uf8ff\U0010ffff",
    "👨‍👩‍👧‍👦🏀",
    "\u202eمرحبا بالعالم",
    "<" * 10_000 + "<p" * 10_000 + "&#x110000;&#xD800;&#0;",
    "<div>" * 20_000 + "拜登",
    "拜" * 1_000_000,
    "a" * 1_000_000,
    "<script>" * 100_000,
)


@pytest.fixture(scope="module")
def tagger():
    training, _ = sample_articles(seed=2)
    articles = fit_to_learn_from(prepared(training[:100]))
    return tagger_of(one_candidate("vote"), counted(articles))


def check(text: str, tagger) -> None:
    articles = prepared(pd.DataFrame({"id": ["1"], "text": [text]}, dtype=object))
    words = articles["words"][0]
    assert words == " ".join(words.split())
    assert articles["plain"][0].encode("utf-8").decode("utf-8") == articles["plain"][0]
    (row,) = predictions(tagger, articles).to_dict("records")
    assert row["predicted_tag"] in ("拜登", "NBA", "新盤市況") or not words
    assert 0 <= row["confidence"] <= 1


@given(text=TEXT)
def test_any_text_is_tagged(tagger, text):
    check(text, tagger)


@pytest.mark.parametrize("text", EXAMPLES, ids=range(len(EXAMPLES)))
def test_a_hostile_text_is_tagged(tagger, text):
    check(text, tagger)


@given(text=TEXT)
def test_plain_text_is_its_own_plain_form(text):
    """Nothing is left that a second look would take away, but for mark-up that was written out."""
    plain, _ = plain_text(text)
    if not set("<&") & set(plain):
        assert plain_text(plain) == (plain, 0)
