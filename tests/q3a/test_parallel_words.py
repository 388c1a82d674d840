"""Long texts are segmented on all cores: the same words as on one."""

import pytest

from articles import words
from articles.words import segment, segment_in_parallel


def test_all_cores_find_the_same_words(monkeypatch):
    monkeypatch.setattr(words, "PARALLEL_CHARACTERS", 1)
    monkeypatch.setattr(words, "CHUNK", 3)
    monkeypatch.setattr("joblib.cpu_count", lambda: 2)
    texts = [f"第{number}個新盤開售" for number in range(10)]
    assert segment_in_parallel(texts) == segment(texts)


@pytest.mark.parametrize("texts", [[], [""], ["我在香港睇NBA總決賽", "", "廣東話容易學"]])
def test_a_few_short_texts_are_segmented_here(texts, monkeypatch):
    monkeypatch.setattr("joblib.Parallel", None)
    assert segment_in_parallel(texts) == segment(texts)
