"""The plain text of an article: no mark-up, one form for every character, and nothing else lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from articles.markup import BLOCKS, HIDDEN, INLINE
from articles.text import normalised, plain_text


@pytest.mark.parametrize(
    ("text", "plain", "tags"),
    [
        ("<p>拜<b>登</b></p><p>白宮</p>", "拜登 白宮", 6),
        ("第一行<br>第二行", "第一行 第二行", 1),
        ("AT&amp;T &lt;b&gt; &#25308;&nbsp;x", "AT&T <b> 拜 x", 0),
        ("<script>var a = 1;</script>新盤<style>p {}</style>", "新盤", 2),
        ("甲<!-- 註 <p> -->乙", "甲乙", 1),
        ('<P class="a"id=x hidden>甲</P><br/><a href="/?a=1&b=<">乙</a>丙', "甲 乙丙", 5),
        ("<![CDATA[<p>甲</p>]]>乙", "甲 乙", 2),
        ("<!DOCTYPE html><html><body>甲</body></html>", "甲", 5),
    ],
)
def test_markup_is_removed_and_counted(text, plain, tags):
    assert plain_text(text) == (plain, tags)


@pytest.mark.parametrize(
    "text",
    [
        "T<p 時 湖人籃球總冠軍勇士",
        "若 a<b,湖人籃球,而 c>d 白宮",
        "x <b and c> y",
        "<NBA>湖人籃球",
        "<https://news.example/a>",
        "3 < 5 and AT&T",
        "https://news.example/?a=1&copy=2&lt=3",
        "湖人<!-- 勇士",
        "<3 籃球 -->",
        "甲 <![CDATA[ 乙",
    ],
)
def test_text_that_looks_like_markup_is_kept(text):
    assert plain_text(text) == (text, 0)


@pytest.mark.parametrize("name", sorted({*BLOCKS.split("|"), *INLINE.split("|")} - set(HIDDEN)))
def test_no_element_takes_text_with_it(name):
    for html in (f"甲<{name}>乙</{name}>丙", f"甲<{name}>乙丙", f"甲乙</{name}>丙"):
        plain, tags = plain_text(html)
        assert plain.replace(" ", "") == "甲乙丙"
        assert tags == html.count("<")


@pytest.mark.parametrize("name", HIDDEN)
def test_what_is_never_closed_is_no_hidden_element(name):
    assert plain_text(f"<{name}>湖人") == ("湖人", 1)
    assert plain_text(f"<{name}>湖人</{name}>勇士<{name}>總冠軍") == ("勇士 總冠軍", 2)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("ＮＢＡ　１２：３", "NBA 12:3"),
        ("a\x00b\ud800c \n d", "a b\ufffdc d"),
        ("拜\u200b登\ufeff\u00ad 白\ufe0f宮\U000e0101", "拜登 白宮"),
        ("e\u200b\u0301", "é"),
        ("", ""),
    ],
)
def test_characters_have_one_form(text, plain):
    assert plain_text(text) == (plain, 0)
    assert normalised(text) == plain


@given(st.text(st.characters(exclude_characters="<&")))
def test_text_without_signs_of_markup_is_only_normalised(text):
    assert plain_text(text) == (normalised(text), 0)
    assert normalised(normalised(text)) == normalised(text)
