"""What reading changes is reported: spellings of a tag that are one, mark-up that was removed."""

import pandas as pd
import pytest

from articles.changes import Changes
from articles.files import Source, read_batches
from articles.preparation import prepared
from articles.rejections import Rejections


def read(tmp_path, *rows):
    path = tmp_path / "articles.csv"
    path.write_text("id,tag,text\n" + "".join(f"1,{row}\n" for row in rows), encoding="utf-8")
    source, rejected = Source(), Rejections()
    batches = read_batches([path], ["id", "tag", "text"], source, rejected)
    return pd.concat(batches), source.changes, rejected


def test_spellings_of_a_tag_are_one_and_reported(tmp_path):
    rows = ("ＮＢＡ,x", "NBA,x", "拜\u200b登,x", "拜登,x", "NBA ,x", "港聞,x", " 財經\u3000,x")
    articles, changes, _ = read(tmp_path, *rows)
    assert articles["tag"].tolist() == ["NBA", "NBA", "拜登", "拜登", "NBA", "港聞", "財經"]
    assert changes.record()["merged_tags"] == {
        "NBA": ["NBA", "ＮＢＡ"],
        "拜登": ["拜\u200b登", "拜登"],
    }
    assert changes.lines() == [
        r"2 tags were written in several ways: NBA ('NBA', 'ＮＢＡ'), 拜登 ('拜\u200b登', '拜登')"
    ]


def test_a_tag_that_nobody_sees_is_none(tmp_path):
    articles, _, rejected = read(tmp_path, "\u200b\ufeff,x", "a,x")
    assert articles["tag"].tolist() == ["a"]
    assert rejected.lines() == [f"1 row rejected, first {tmp_path / 'articles.csv'}:2: no tag"]


def test_nothing_changed_is_nothing_reported(tmp_path):
    _, changes, _ = read(tmp_path, "NBA,3 < 5", "拜登,x")
    assert not changes.lines()


@pytest.mark.parametrize("batches", [1, 2])
def test_tags_are_converted_as_texts_are(tmp_path, batches):
    articles, changes, _ = read(tmp_path, "台湾,湾", "臺灣,x", "体育,x")
    for part in range(batches):
        ready = prepared(articles[part::batches], "s2t", changes)
        expected = ["臺灣", "臺灣", "體育"][part::batches]
        assert ready["tag"].tolist() == expected
    assert changes.merged() == {"臺灣": ["台湾", "臺灣"]}


def test_markup_is_counted_with_its_first_place(tmp_path):
    rows = ("a,x", "a,<p>甲<br>乙</p>", "a,<NBA> 3 < 5", "a,<b>丙</b>")
    articles, changes, _ = read(tmp_path, *rows)
    plain = prepared(articles, None, changes)["plain"].tolist()
    assert plain == ["x", "甲 乙", "<NBA> 3 < 5", "丙"]
    place = f"{tmp_path / 'articles.csv'}:3"
    assert changes.lines() == [f"mark-up removed from 2 of the articles: 5 tags, first {place}"]
    assert changes.record()["markup"] == {"articles": 2, "tags": 5}
    assert Changes().record()["markup"] == {"articles": 0, "tags": 0}
