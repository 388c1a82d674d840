"""The plain text of an article: no mark-up, one form for every character."""

import pytest

from articles.text import plain_text


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("<p>拜<b>登</b></p><p>白宮</p>", "拜登 白宮"),
        ("第一行<br>第二行", "第一行 第二行"),
        ("AT&amp;T &lt;b&gt; &#25308;&nbsp;x", "AT&T <b> 拜 x"),
        ("<script>var a = 1;</script>新盤<style>p {}</style>", "新盤"),
        ("甲<!-- 註 -->乙", "甲乙"),
        ("3 < 5 and AT&T", "3 < 5 and AT&T"),
        ("ＮＢＡ　１２：３", "NBA 12:3"),
        ("a\x00b\ud800c \n d", "a b\ufffdc d"),
        ("", ""),
    ],
)
def test_plain_text(text, plain):
    assert plain_text(text) == plain
