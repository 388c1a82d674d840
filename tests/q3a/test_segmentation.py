"""Words of an article: whole Latin words and numbers, the same whatever was read before."""

import random

import pytest

from articles import words
from articles.words import segment


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("廣東話容易學", "廣東話 容易 學"),
        ("我在香港睇NBA總決賽", "我 在 香港 睇 NBA 總決賽"),
        ("COVID-19疫苗3.5億劑，don't panic", "COVID-19 疫苗 3.5 億 劑 don't panic"),
        ("Русский текст بالعربية ひらがな 한국어", "Русский текст بالعربية ひらがな 한국어"),
        ("，。！「」 🏀 …", ""),
        ("", ""),
    ],
)
def test_words(text, expected):
    assert segment([text]) == [expected]


def test_a_word_of_one_character_is_a_word():
    assert segment(["我睇波"])[0].split()[0] == "我"


def test_each_text_keeps_its_own_words():
    assert segment(["香港", "", "NBA", "香港NBA"]) == ["香港", "", "NBA", "香港 NBA"]


def test_words_do_not_depend_on_what_was_read_before():
    """100,000 Latin tokens in two orders: pycantonese's own segmenter fails after some 2,700."""
    texts = [f"球員x{number}q，今日入樽{number}次。" for number in range(100_000)]
    shuffled = texts.copy()
    random.Random(0).shuffle(shuffled)  # noqa: S311 - no secret hangs on it
    found = dict(zip(texts, segment(texts), strict=True))
    assert dict(zip(shuffled, segment(shuffled), strict=True)) == found
    for number in (0, 2_727, 99_999):
        assert found[texts[number]] == f"球員 x{number}q 今日 入樽 {number} 次"


def test_a_megabyte_without_a_break():
    (found,) = segment(["香港" * 500_000])
    assert found.replace(" ", "") == "香港" * 500_000


def test_the_list_of_words_is_kept_and_made_again_if_damaged(tmp_path, monkeypatch):
    monkeypatch.setattr(words, "user_cache_path", lambda name: tmp_path / name)
    made = []
    monkeypatch.setattr(words, "corpus_words", lambda: made.append(1) or ["拜登", "香港"])
    assert words.known_words() == words.known_words() == ["拜登", "香港"]
    assert len(made) == 1
    (kept,) = tmp_path.glob("*/words-pycantonese-*.txt")
    kept.write_bytes(kept.read_bytes()[:-1])
    assert words.known_words() == ["拜登", "香港"]
    assert len(made) == 2


def test_words_need_no_folder_to_keep_them(tmp_path, monkeypatch):
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setattr(words, "user_cache_path", lambda name: file / name)
    monkeypatch.setattr(words, "corpus_words", lambda: ["香港"])
    assert words.known_words() == ["香港"]


def test_the_kept_words_are_those_of_the_corpora():
    assert words.known_words() == words.corpus_words()
