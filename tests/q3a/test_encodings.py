"""Encodings are found by what reads as Chinese; what is not certain is refused with the way out."""

from common.command import UserError

import csv
import io
import os
from pathlib import Path

import opencc
import pytest

from articles.encodings import detected_encoding
from articles.files import Source, read_batches
from articles.rejections import Rejections
from articles.sample import sample_articles

REAL_DATA = os.environ.get("REAL_DATA_DIR")
SIMPLIFIED = opencc.OpenCC("t2s").convert


def found(content: bytes) -> str:
    return detected_encoding(lambda: io.BytesIO(content), "new.csv")


def sample_headlines() -> list[str]:
    """A thousand sentences of 8 to 25 characters."""
    texts = sample_articles(seed=1)[0]["text"]
    sentences = {it for text in texts for it in text.split("。") if 8 <= len(it) <= 25}
    return sorted(sentences)[:1000]


def real_headlines() -> list[str]:
    folder = Path(REAL_DATA) / "q3a" / "tw-news-titles"
    with (folder / "news_clustering_train.tsv").open(encoding="utf-8") as file:
        return [row[2] for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)][1:1001]


HEADLINES = [
    sample_headlines,
    pytest.param(
        real_headlines, marks=pytest.mark.skipif(not REAL_DATA, reason="REAL_DATA_DIR is not set")
    ),
]


@pytest.mark.parametrize("headlines", HEADLINES)
@pytest.mark.parametrize(
    ("encoding", "written"),
    [
        ("gb18030", SIMPLIFIED),
        ("gb18030", str),
        ("big5hkscs", str),
        ("cp950", str),
        ("utf-8", str),
        ("utf-16-le", SIMPLIFIED),
        ("utf-16-be", str),
    ],
)
def test_of_single_headlines_none_is_misread_and_nearly_all_are_read(headlines, encoding, written):
    wrong, read, total = [], 0, 0
    for headline in map(written, headlines()):
        content = f"id,text\n1,{headline}\n".encode(encoding, "replace")
        expected, total = content.decode(encoding), total + 1
        try:
            text = content.decode(found(content))
        except UserError as error:
            assert "new.csv: " in str(error) and "--encoding" in str(error)
            continue
        read += text == expected
        if text != expected:
            wrong.append((expected, text))
    assert not wrong
    assert total > 300
    assert read >= 0.95 * total


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("佢哋喺度睇NBA總決賽".encode("big5hkscs"), "big5hkscs"),
        ("拜登‧白宮簽署法案£".encode("cp950"), "big5hkscs"),
        ("拜登簽署10億€法案".encode("cp950"), "cp950"),
        ("拜登".encode("utf-8-sig"), "utf-8-sig"),
        ("拜登".encode("utf-16"), "utf-16"),
        ("拜登".encode("utf-32"), "utf-32"),
        ("\ufeff好".encode("gb18030"), "gb18030"),
        ("id,text\n1,Biden\n".encode("utf-16-le"), "utf-16-le"),
        ("id,text\n1,Biden\n".encode("utf-16-be"), "utf-16-be"),
        (b"id,text\n1,Biden\n", "utf-8"),
        (b"id,text\n1,Bi\0den\n", "utf-8"),
        (b"", "utf-8"),
        *[(text.encode(), "utf-8") for text in ("naïve café", "Россия", "ελληνικά", "서울", "東")],
    ],
)
def test_short_and_odd_files(content, encoding):
    assert found(content) == encoding


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("好".encode("gb18030"), ["gb18030 (好)", "big5hkscs (疑)"]),
        ("模模".encode("gb18030"), ["gb18030 (模模)", "utf-8 (ģģ)"]),
        ("서울 시장은 오늘 기자회견을 열고".encode("euc_kr"), ["does not read as Chinese"]),
        ("東京都知事は今日の記者会見で".encode("euc_jp"), ["does not read as Chinese"]),
        ("東京都知事は今日の記者会見で".encode("shift_jis"), ["does not read as Chinese"]),
        ("Сегодня президент подписал закон".encode("cp1251"), ["does not read as Chinese"]),
        ("où les électeurs ont voté".encode("latin-1"), ["does not read as Chinese"]),
        ("湖人擊敗勇士\n".encode() * 9 + b"\xff\n", ["line 10 is not in utf-8"]),
        ("湖人击败勇士\n".encode("gb18030") * 9 + b"\xff\n", ["line 10 is not in gb18030"]),
        ("湖人擊敗勇士\n".encode("big5") * 9 + b"\xff\n", ["line 10 is not in big5hkscs"]),
        (
            "湖人击败勇士\n".encode("gb18030") * 99 + "湖人击败勇士\n".encode(),
            ["line 100 is in utf-8"],
        ),
        (b"\xff\xff\xff", ["does not read as Chinese"]),
    ],
)
def test_what_is_not_certain_is_refused(content, parts):
    with pytest.raises(UserError) as error:
        found(content)
    assert all(part in str(error.value) for part in ["new.csv: ", "--encoding", *parts])


def test_each_file_has_its_own_encoding_and_one_may_be_named(tmp_path):
    names = {"a.csv": "utf-8", "b.csv": "gb18030", "c.csv": "utf-16", "d.csv": "euc_kr"}
    text = {"a.csv": "湖人擊敗勇士", "b.csv": "湖人击败勇士", "c.csv": "白宮", "d.csv": "서울"}
    for name, encoding in names.items():
        (tmp_path / name).write_text(f"id,text\n1,{text[name]}\n", encoding=encoding)
    source = Source(encodings={tmp_path / "d.csv": "euc_kr"})
    paths = [tmp_path / name for name in names]
    batches = read_batches(paths, ["id", "text"], source, Rejections())
    assert [batch["text"][0] for batch in batches] == list(text.values())
    assert source.changes.record()["encodings"] == {
        str(tmp_path / name): encoding for name, encoding in names.items()
    }
    assert source.changes.lines() == [
        f"{tmp_path / name}: read as {names[name]}" for name in ("b.csv", "c.csv", "d.csv")
    ]
