"""Tables of items: names and fields by exact ids; and files of ids."""

from common.command import UserError

import numpy as np
import pytest

from listening.id_list import read_ids
from listening.items import read_items
from listening.play_counts import play_counts_of

PLAYS = play_counts_of(["a", "b"], ["007", "7"], [1, 2], {"007": "seven", "7": "seven"})


def written(folder, content, name="items.csv"):
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_names_and_fields_are_those_of_the_same_id(tmp_path):
    path = written(tmp_path, "id,title,url\n7,,u\n007,Bond,\n8,other,v\n")
    items, rejected = read_items(path, fields=["url"])
    assert items.names_of(PLAYS).tolist() == ["Bond", "seven"]
    assert {title: texts.tolist() for title, texts in items.fields_of(PLAYS).items()} == {
        "url": ["", "u"]
    }
    assert not rejected.counts


def test_items_without_names_keep_those_of_the_plays(tmp_path):
    items, _ = read_items(written(tmp_path, "item_id,year\n7,1962\n"), fields=["year"])
    assert items.names_of(PLAYS) is PLAYS.artist_names
    assert items.fields_of(PLAYS)["year"].tolist() == ["", "1962"]


def test_bad_rows_are_counted_by_reason(tmp_path):
    path = written(tmp_path, b"id,url\n7,u\n7,v\n,w\n8,\xff\n 9,x\n")
    items, rejected = read_items(path, fields=["url"])
    assert items.ids.tolist() == ["7"]
    assert rejected.first == {
        "items: item id repeated": 3,
        "items: no item id": 4,
        "items: url is not UTF-8 text": 5,
        "items: item id has blanks at its start or end": 6,
    }
    with pytest.raises(UserError, match=r"items\.csv:3: item id repeated"):
        read_items(path, fields=["url"], on_bad_row="stop")


@pytest.mark.parametrize(
    ("columns", "fields", "complaint"),
    [
        (None, ["name"], "answers have 'name' already"),
        (None, ["image"], "no columns 'image'"),
        ({"item": "#1"}, ["url"], "no header"),
        ({"item": "film"}, [], "no columns 'film'"),
    ],
)
def test_fields_that_cannot_be_meant_are_refused(tmp_path, columns, fields, complaint):
    with pytest.raises(UserError, match=complaint):
        read_items(written(tmp_path, "id,url\n7,u\n"), columns, fields)


def test_ids_of_a_file_are_exact_and_one_a_line(tmp_path):
    path = written(tmp_path, "\ufeff007\r\n7\n\n a b \n", "ids.txt")
    assert read_ids(path) == ["007", "7", " a b "]
    assert np.unique(read_ids(path)).size == 3
    with pytest.raises(UserError, match="not text in UTF-8"):
        read_ids(written(tmp_path, b"\xff\n", "ids.txt"))
    with pytest.raises(UserError, match="No such file"):
        read_ids(tmp_path / "absent.txt")
