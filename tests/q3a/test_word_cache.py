"""The cache of words gives what the segmenter gives, and is never in the way."""

import sqlite3

import pytest

from articles import word_cache
from articles.word_cache import cached_words, segment_in_parallel, text_keys
from articles.words import segment

TEXTS = ["我在香港睇NBA總決賽", "", "廣東話容易學", "我在香港睇NBA總決賽"]


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "folder" / "words.sqlite3"


def test_words_are_the_segmenters(cache):
    assert cached_words(TEXTS, cache) == segment(TEXTS)
    assert cached_words(TEXTS, cache) == segment(TEXTS)
    assert cached_words(TEXTS, None) == segment(TEXTS)


def test_known_texts_are_not_segmented_again(cache, monkeypatch):
    words = cached_words(TEXTS, cache)
    asked = []
    monkeypatch.setattr(word_cache, "segment", lambda texts: asked.extend(texts) or segment(texts))
    assert cached_words([*TEXTS, "新盤"], cache) == [*words, "新 盤"]
    assert asked == ["新盤"]


def test_another_segmenter_has_other_keys(monkeypatch):
    keys = text_keys(TEXTS)
    monkeypatch.setattr(word_cache, "segmenter_name", lambda: "another")
    assert not set(keys) & set(text_keys(TEXTS))


def test_a_broken_cache_is_said_and_passed_over(cache, capsys):
    cache.parent.mkdir()
    cache.write_bytes(b"not a database" * 100)
    assert cached_words(TEXTS, cache) == segment(TEXTS)
    assert str(cache) in capsys.readouterr().err


def test_what_one_run_wrote_is_kept_whole(cache):
    cached_words(TEXTS, cache)
    with sqlite3.connect(cache) as database:
        assert database.execute("SELECT count(*) FROM words").fetchone() == (3,)


def test_all_cores_find_the_same_words(monkeypatch):
    monkeypatch.setattr(word_cache, "PARALLEL_CHARACTERS", 1)
    monkeypatch.setattr(word_cache, "CHUNK", 3)
    monkeypatch.setattr(word_cache, "cpu_count", lambda: 2)
    texts = [f"第{number}個新盤開售" for number in range(10)]
    assert segment_in_parallel(texts) == segment(texts)
