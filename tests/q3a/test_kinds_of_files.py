"""A table gives the same articles in every kind of file, under any name."""

from common.command import UserError

import bz2
import csv
import datetime
import gzip
import io
import json
import lzma
import os
import sys
import tempfile
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from articles.files import Source, read_batches
from articles.rejections import Rejections

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

COLUMNS = ["id", "tag", "text"]
# Not a row's end, which CSV may hold but tabs may not; not what XML cannot hold, nor what is the
# same in a tag as nothing.
CHARACTERS = st.characters(exclude_categories=("C", "Z")) | st.sampled_from(" =+-@'\"<&拜登１ﷺ_x")
FIELD = st.text(CHARACTERS, max_size=9)
ROW = st.tuples(FIELD, st.text(CHARACTERS, max_size=5).map(lambda tag: f"甲{tag}乙"), FIELD)


def as_csv(rows, delimiter=",", **settings) -> str:
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, **settings).writerows([COLUMNS, *rows])
    return file.getvalue()


def as_tabs(rows) -> str:
    return "".join("\t".join(row) + "\n" for row in [COLUMNS, *rows])


def as_json_lines(rows) -> str:
    return "".join(json.dumps(dict(zip(COLUMNS, row, strict=True))) + "\n" for row in rows)


def as_workbook(rows) -> bytes:
    file = io.BytesIO()
    book = openpyxl.Workbook()
    sheet = book.create_sheet("articles")
    for row in [COLUMNS, *rows]:
        sheet.append(row)
        for cell in sheet[sheet.max_row]:
            cell.data_type = "s"
    book.save(file)
    return file.getvalue()


def as_parquet(rows) -> bytes:
    file = io.BytesIO()
    columns = zip(*rows, strict=True) if rows else [[], [], []]
    table = pa.table([pa.array(column, pa.string()) for column in columns], COLUMNS)
    parquet.write_table(table, file)
    return file.getvalue()


KINDS = {
    "comma": as_csv,
    "semicolon": lambda rows: as_csv(rows, ";"),
    "bar": lambda rows: as_csv(rows, "|"),
    "all quoted": lambda rows: as_csv(rows, quoting=csv.QUOTE_ALL),
    "declared": lambda rows: "sep=;\r\n" + as_csv(rows, ";"),
    "tabs": as_tabs,
    "UTF-16": lambda rows: as_tabs(rows).encode("utf-16"),
    "JSON Lines": as_json_lines,
    "workbook": as_workbook,
    "Parquet": as_parquet,
    "gzip": lambda rows: gzip.compress(as_csv(rows).encode()),
    "Zstandard": lambda rows: zstd.compress(as_json_lines(rows).encode()),
    "xz": lambda rows: lzma.compress(as_workbook(rows)),
    "bzip2": lambda rows: bz2.compress(as_parquet(rows)),
}


def read(content: str | bytes, name: str = "any.name", policy: str = "skip", columns=COLUMNS):
    """The articles of a file with that content, and what was rejected, without the folder."""
    rejected = Rejections(policy)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        try:
            table = pd.concat(read_batches([path], columns, Source(), rejected))
        except UserError as error:
            raise UserError(error.message.replace(f"{folder}{os.sep}", "")) from None
    table["place"] = [Path(place).name for place in table["place"]]
    return table, [line.replace(f"{folder}{os.sep}", "") for line in rejected.lines()]


def values(content: str | bytes, columns=COLUMNS) -> list[list[str]]:
    table, rejected = read(content, columns=columns)
    assert not rejected
    return table[columns].to_numpy().tolist()


@settings(max_examples=min(100, settings().max_examples))  # each writes and reads all kinds
@given(rows=st.lists(ROW, min_size=1, max_size=4))
def test_the_same_table_gives_the_same_articles(rows):
    expected = values(KINDS["all quoted"](rows))
    assert [(row[0], row[2]) for row in expected] == [(row[0], row[2]) for row in rows]
    for kind, written in KINDS.items():
        assert values(written(rows)) == expected, kind


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"JSON Lines", "Zstandard"}))
def test_a_header_alone_is_no_article_to_tag(kind):
    table, rejected = read(KINDS[kind]([]), columns=["id", "text"])
    assert table.empty and not rejected
    with pytest.raises(UserError, match=r"any\.name: no articles"):
        read(KINDS[kind]([]))


@pytest.mark.parametrize(
    "header",
    ["ID,Tag,Text", " id , tag,text ", "ｉｄ,TAG,\u200btext", "\ufeffid,tag,text", "Text,tag,ID"],
)
def test_names_of_columns_may_differ_in_case_width_and_spaces(header):
    row = "x,甲,1" if header.startswith("Text") else "1,甲,x"
    assert values(f"{header}\n{row}\n") == [["1", "甲", "x"]]


def test_a_name_that_is_exact_goes_first_and_one_that_is_not_certain_is_refused():
    assert values("id,ID,tag,text\n1,2,甲,x\n") == [["1", "甲", "x"]]
    for header in ("ID,Id,tag,text", "id,tag,text,text"):
        with pytest.raises(UserError, match=r"any\.name:1: 2 columns are named"):
            read(f"{header}\n1,2,甲,x\n")


@pytest.mark.parametrize(
    "header", ["id,tag,text\n1,甲,x\n", '{"id": "1", "tag": "甲", "text": "x"}\n']
)
def test_empty_lines_are_none_and_are_counted(header):
    table, _ = read(f"\ufeff\n\r\n{header}\n{header.splitlines()[-1]}")
    assert table[COLUMNS].to_numpy().tolist() == [["1", "甲", "x"]] * 2
    last = 3 + header.count("\n") + 1
    assert table["place"].tolist() == [f"any.name:{last - 2}", f"any.name:{last}"]


def test_half_a_surrogate_pair_is_replaced():
    assert values('{"id": "\\ud83d", "tag": "a\\ud83d", "text": "\\udc00b"}\n') == [
        ["\ufffd", "a\ufffd", "\ufffdb"]
    ]


def test_mixed_ends_of_lines_and_quotes_between_tabs():
    assert values('id,tag,text\r\n1,甲,x\n2,甲,y\r3,甲,"z\r\nz"') == [
        ["1", "甲", "x"],
        ["2", "甲", "y"],
        ["3", "甲", "z\r\nz"],
    ]
    for name in ("a.tsv", "a.csv", "a.txt"):
        table, _ = read('id\ttag\ttext\n1\t甲\t"一帶一路"論壇\n', name)
        assert table["text"].tolist() == ['"一帶一路"論壇']


def test_cells_with_a_type_are_read_as_a_reader_sees_them():
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append([])
    sheet.append(["ID", "Tag", "Text", "note"])
    for row in ([7, "甲", 3.0], [7, 2021, 3.5], ["007", True, "_x0041_"], [None], [1, "甲", None]):
        sheet.append(row)
    sheet["A4"].number_format = "000"
    sheet.append([datetime.date(2021, 1, 2), "甲", "x"])
    file = io.BytesIO()
    book.save(file)
    table, rejected = read(file.getvalue())
    assert table[["id", "tag", "text"]].to_numpy().tolist() == [
        ["7", "甲", "3"],
        ["007", "2021", "3.5"],
        ["007", "TRUE", "A"],
        ["1", "甲", ""],
        ["2021-01-02T00:00:00", "甲", "x"],
    ]
    assert table["place"].tolist() == [f"any.name:{row}" for row in (3, 4, 5, 7, 8)]
    assert not rejected
    columns = {"id": [7, 8, None], "tag": [1.0, 2.5, None], "text": [b"x", b"\xff", b"y"]}
    file = io.BytesIO()
    parquet.write_table(pa.table(columns | {"more": [[1], [], None]}), file)
    table, rejected = read(file.getvalue())
    assert table.to_numpy().tolist() == [["7", "1", "x", "any.name:1"]]
    assert len(rejected) == 2 and "any.name:3: no tag" in rejected[1]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"id": 1, "tag": "甲"}', "wrong number of fields"),
        ('{"id": 1, "tag": "甲", "text": ["x"]}', "unusable field: list"),
        ('{"id": 1, "tag": "甲", "tag": "乙", "text": "x"}', "not a JSON object"),
        ('["id"]', "not a JSON object"),
        ('{"id": 1', "not a JSON object"),
        ("[" * 100_000, "not a JSON object"),
        ('{"id": 1, "tag": null, "text": "x"}', "no tag"),
    ],
)
def test_a_line_that_is_no_article_is_rejected(line, reason):
    sound = '{"text": "x", "id": 4.0, "tag": "甲", "more": {}}'
    table, rejected = read(f"{sound}\n\n{line}\n{sound}\n")
    assert table.to_numpy().tolist() == [["4.0", "甲", "x", f"any.name:{it}"] for it in (1, 4)]
    assert rejected == [f"1 row rejected, first any.name:3: {reason}"]
    with pytest.raises(UserError, match=r"any\.name:3: .*; fix the row"):
        read(f"{sound}\n\n{line}\n", policy="stop")


def test_a_workbook_s_bad_rows_have_their_number():
    book = openpyxl.Workbook()
    for row in (["id", "tag", "text"], ["1", "甲", "x", "y"], ["2", "", "x"], ["3", "甲", "#N/A"]):
        book.active.append(row)
    book.active["C4"].data_type = "e"
    file = io.BytesIO()
    book.active.append(["4", "甲", "x"])
    book.save(file)
    table, rejected = read(file.getvalue())
    assert table["place"].tolist() == ["any.name:5"]
    assert [line.split("first ")[1] for line in rejected] == [
        "any.name:2: wrong number of fields",
        "any.name:3: no tag",
        "any.name:4: unusable field: #N/A",
    ]


def two_sheets() -> bytes:
    book = openpyxl.Workbook()
    for sheet in (book.active, book.create_sheet("more")):
        sheet.append(COLUMNS)
        sheet.append(["1", "甲", "x"])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


ROWS = [("1", "甲", "x" * 99)]


DAMAGED = {
    "two sheets": (two_sheets(), "several sheets have articles: 'Sheet', 'more'"),
    "Excel 97": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save it as .xlsx"),
    "empty zip": (b"PK\x03\x04" + bytes(99), "not a workbook that can be read"),
    "empty Parquet": (b"PAR1" + bytes(99), "not a Parquet file that can be read"),
    "workbook cut short": (as_workbook(ROWS)[:-99], "not a workbook that can be read"),
    "gzip cut short": (gzip.compress(as_csv(ROWS).encode())[:-9], "the compressed file is damaged"),
    "gzip of another length": (gzip.compress(b"")[:-1] + b"\1", "the compressed file is damaged"),
    "Zstandard cut short": (
        zstd.compress(as_csv(ROWS).encode())[:-9],
        "the compressed file is damaged",
    ),
    "xz cut short": (lzma.compress(as_csv(ROWS).encode())[:-9], "the compressed file is damaged"),
    "bzip2 cut short": (bz2.compress(as_csv(ROWS).encode())[:-9], "the compressed file is damaged"),
    "other columns": ("id;tag;body\n1;甲;x\n", ":1: no column 'text' among id, tag, body"),
    "JSON array": ('[{"id": 1}]', "no column 'id'"),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_file_that_cannot_be_read_is_one_error(damage):
    content, reason = DAMAGED[damage]
    with pytest.raises(UserError) as error:
        read(content)
    assert error.value.message.startswith("any.name") and reason in error.value.message
