"""Articles from files: ids as written, both encodings, rejected rows counted, clear errors."""

from common.command import UserError

import pandas as pd
import pytest

from articles.files import Source, matching_files, read_batches
from articles.rejections import Rejections

ROWS = 'id,tag,text\n1,a,"x\ny"\n2, ,y\n\n3,a\n4,a,x,y\n5,b,"x,\ny"\n'


def read(paths, source=None, policy="skip"):
    rejected = Rejections(policy)
    batches = read_batches(paths, ["id", "tag", "text"], source or Source(), rejected)
    return pd.concat(batches, ignore_index=True), rejected


def values(articles):
    return articles[["id", "tag", "text"]].to_numpy().tolist()


def written(tmp_path, content, name="articles.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def test_values_are_kept_as_written(tmp_path):
    path = written(tmp_path, "id,tag,text\n007,NA,null\n1e5,nan,4.0\n")
    articles, rejected = read([path])
    assert values(articles) == [["007", "NA", "null"], ["1e5", "nan", "4.0"]]
    assert not rejected.lines()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "big5hkscs"])
def test_both_encodings_are_found(tmp_path, encoding):
    path = written(tmp_path, "id,tag,text\n1,港聞,佢哋喺度\n", encoding=encoding)
    articles, _ = read([path])
    assert values(articles) == [["1", "港聞", "佢哋喺度"]]


def test_an_encoding_can_be_forced(tmp_path):
    path = written(tmp_path, "id,tag,text\n1,a,简体\n", encoding="gb18030")
    articles, _ = read([path], Source(encodings={None: "gb18030"}))
    assert articles["text"].tolist() == ["简体"]


def test_tabs_and_other_column_names(tmp_path):
    path = written(tmp_path, 'index\tclass\ttitle\n1\t體育\t他說"好\n', name="titles.tsv")
    source = Source({"id": "index", "tag": "class", "text": "title"})
    articles, _ = read([path], source)
    assert values(articles) == [["1", "體育", '他說"好']]


def test_a_tag_is_taken_without_spaces_around_it(tmp_path):
    path = tmp_path / "spreadsheet.csv"
    path.write_text("id,tag,text\n 1 , NBA \u3000, 籃 球 \n", encoding="utf-8")
    articles, _ = read([path])
    assert values(articles) == [[" 1 ", "NBA", " 籃 球 "]]


def test_rejected_rows_are_counted_by_reason(tmp_path):
    path = written(tmp_path, ROWS)
    articles, rejected = read([path])
    assert articles["id"].tolist() == ["1", "5"]
    assert articles["place"].tolist() == [f"{path}:2", f"{path}:8"]
    assert rejected.lines() == [
        f"1 row rejected, first {path}:4: no tag",
        f"2 rows rejected, first {path}:6: wrong number of fields",
    ]
    assert rejected.record() == {
        "no tag": {"rows": 1, "first": f"{path}:4"},
        "wrong number of fields": {"rows": 2, "first": f"{path}:6"},
    }


def test_reading_stops_at_the_first_bad_row_when_asked(tmp_path):
    path = written(tmp_path, ROWS)
    with pytest.raises(UserError) as error:
        read([path], policy="stop")
    assert str(error.value) == f"{path}:4: no tag; fix the row or pass --on-bad-row skip"


def test_a_file_of_bad_rows_alone_says_what_is_bad(tmp_path):
    with pytest.raises(UserError, match=r"articles\.csv: 1 row rejected, first .*:2: no tag"):
        read([written(tmp_path, "id,tag,text\n1,,x\n")])


def test_a_pattern_is_the_files_it_matches_and_a_name_is_itself(tmp_path):
    names = ["b.csv", "a.csv", "c.tsv", "[a].csv"]
    for name in names:
        written(tmp_path, "x", name=name)
    found = [path.name for path in matching_files(str(tmp_path / "?.csv"))]
    assert found == ["a.csv", "b.csv"]
    assert matching_files(str(tmp_path / "[a].csv")) == [tmp_path / "[a].csv"]
    assert matching_files(str(tmp_path / "*.parquet")) == []
    (tmp_path / "2017" / "08").mkdir(parents=True)
    deep = written(tmp_path / "2017" / "08", "x", name="d.tsv")
    assert matching_files(str(tmp_path / "**" / "*.tsv")) == [deep, tmp_path / "c.tsv"]


def test_files_are_joined_in_order(tmp_path):
    paths = [written(tmp_path, f"text,id,tag\nx,{i},a\n", name=f"{i}.csv") for i in (1, 2)]
    articles, _ = read(paths)
    assert articles["id"].tolist() == ["1", "2"]


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (b"", ["articles.csv", "the file is empty"]),
        (b"id,text\n1,x\n", ["articles.csv:1: ", "'tag'", "--columns"]),
        (b"id,tag,text\n", ["articles.csv", "no articles"]),
        (b"id,tag,text\n1,a,\xff\xff\xff\n", ["articles.csv", "UTF-8", "--encoding"]),
        (b'id,tag,text\n1,a,x\n2,a,"x\n', ["articles.csv:3: ", "quotes"]),
    ],
)
def test_a_file_that_cannot_be_read_is_one_clear_error(tmp_path, content, parts):
    with pytest.raises(UserError) as error:
        read([written(tmp_path, content)])
    for part in parts:
        assert part in str(error.value)


def test_an_unknown_or_wrong_encoding_is_named(tmp_path):
    path = written(tmp_path, "id,tag,text\n1,a,香港\n")
    for encoding in ("klingon", "ascii"):
        with pytest.raises(UserError, match=encoding):
            read([path], Source(encodings={None: encoding}))
