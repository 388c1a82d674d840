"""Q2's totals by URL: exact sums, whatever the texts, in memory and beyond its limit."""

import io
from collections import Counter
from urllib.parse import quote

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logs.sources import Source
from tests.q2.conftest import ask
from traffic import text_table, text_totals
from traffic.answer import answer
from traffic.question import Question
from traffic.text_part import TextPart
from traffic.text_table import TextTable, sum_of_texts
from traffic.text_totals import TextTotals

BY_URL = Question(by=("url",))
TEXTS = st.text('ab/é\x7f\x1f"%25~ ', max_size=20).map(lambda text: "/" + text)


def part_of(counts: dict[str, tuple[int, int]]) -> TextPart:
    """The part that has these requests and bytes."""
    texts = [text.encode() for text in counts]
    ends = np.cumsum([len(text) for text in texts], dtype=np.int64)
    numbers = np.array([*counts.values()], dtype=np.int64).reshape(-1, 2)
    text = np.frombuffer(b"".join(texts), np.uint8)
    return TextPart(text, ends, numbers)


def as_dict(part: TextPart) -> dict[str, tuple[int, int]]:
    text = part.text.tobytes()
    names = [text[a:b].decode() for a, b in zip(part.starts(), part.ends, strict=True)]
    return dict(zip(names, map(tuple, part.sums.tolist()), strict=True))


@pytest.fixture
def few_in_memory(monkeypatch):
    monkeypatch.setattr(text_totals, "MOST_TEXTS", 7)
    monkeypatch.setattr(text_totals, "MOST_BYTES", 999)


def random_rows(rows: int, different: int) -> tuple[bytes, dict[str, list[int]]]:
    """A log with so many rows, and what a dictionary counts of it."""
    random = np.random.default_rng(5)
    lines, expected = [], {}
    for number, size in random.integers(0, [different, 1000], (rows, 2)).tolist():
        url = f"/{number % 13}/{'x' * (number % 31)}{number}.jpg"
        lines.append(f"2017-08-24\t00:00:00\t{size}\t{url}?{size}\n")
        total = expected.setdefault(url, [0, 0])
        total[0] += 1
        total[1] += size
    return "".join(lines).encode(), expected


@pytest.mark.parametrize("order", ["requests", "bytes"])
@pytest.mark.parametrize("top", [None, 1, 50, 10**9])
def test_totals_are_those_of_a_dictionary(order, top):
    data, expected = random_rows(200_000, 50_000)
    found = answer([Source("log", lambda: io.BytesIO(data))], BY_URL, (order,), top)
    place = ["requests", "bytes"].index(order)
    ranked = sorted(expected.items(), key=lambda item: (-item[1][place], item[0]))
    table = found.table[["url", "requests", "bytes"]].to_numpy().tolist()
    assert table == [[url, *total] for url, total in ranked[:top]]
    assert found.groups == len(expected)


def test_beyond_the_limit_of_memory_they_are_the_same(few_in_memory):
    data, expected = random_rows(500, 100)
    found = answer([Source("log", lambda: io.BytesIO(data))], BY_URL, ("bytes",), None)
    ranked = sorted(expected.items(), key=lambda item: (-item[1][1], item[0]))
    table = found.table[["url", "requests", "bytes"]].to_numpy().tolist()
    assert table == [[url, *total] for url, total in ranked]


def test_urls_of_one_hash_are_told_apart(monkeypatch):
    """A table whose hashes are all equal, as a factor of 0 makes them, is slow but right."""
    monkeypatch.setattr(text_table, "SEED", text_table.FACTOR)  # factor ^ seed is 0
    counts = {f"/{number}": (number, 2 * number) for number in range(300)}
    table = TextTable(1000, 10_000, 2)
    part = part_of(counts)
    for _ in range(3):
        table.add(part.text, part.starts(), part.ends, part.sums)
    assert len(set(table.records[:300, text_table.HASH].tolist())) == 1
    assert as_dict(table.part()) == {url: (3 * n, 3 * b) for url, (n, b) in counts.items()}


@given(parts=st.lists(st.dictionaries(TEXTS, st.tuples(st.integers(0, 9), st.integers(0, 10**12)))))
def test_any_parts_add_up(parts):
    requests, sizes = Counter(), Counter()
    for part in parts:
        for url, (count, size) in part.items():
            requests[url] += count
            sizes[url] += size
    expected = {url: (requests[url], sizes[url]) for url in requests}
    assert as_dict(sum_of_texts([part_of({}), *map(part_of, parts)])) == expected
    with TextTotals(BY_URL) as totals:
        for part in parts:
            totals.add(part_of(part))
        tables, groups = totals.tables(("bytes",), None)
    table = tables["bytes"]
    assert groups == len(expected)
    sums = zip(table["requests"], table["bytes"], strict=True)
    assert dict(zip(table["url"], sums, strict=True)) == expected


@given(texts=st.lists(st.binary(min_size=1, max_size=12), min_size=1))
def test_any_bytes_are_shown_as_python_shows_them(texts):
    # Blanks around a value are padding
    texts = [b"/" + text.translate(None, b"\t\n\r?#").strip(b" ") for text in texts]
    data = b"".join(b"2017-08-24\t00:00:00\t1\t%s\n" % text for text in texts)
    found = answer([Source("log", lambda: io.BytesIO(data))], BY_URL, ("bytes",), None)
    assert dict(found.table[["url", "requests"]].to_numpy().tolist()) == Counter(map(shown, texts))


def shown(text: bytes) -> str:
    """The text with what is not UTF-8, and control characters, percent-encoded."""
    decoded = text.decode("utf-8", "backslashreplace" if not is_utf8(text) else "strict")
    decoded = decoded.replace("\\x", "%") if not is_utf8(text) else decoded
    controls = {chr(code) for code in (*range(32), *range(127, 160))}
    return "".join(quote(letter) if letter in controls else letter for letter in decoded)


def is_utf8(text: bytes) -> bool:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def test_percent_signs_that_cloudfront_encodes_are_one_url(tmp_path):
    rows = "".join(
        f"2017-08-24\t00:00:00\t{size}\t/a%{code}b.jpg\n"
        for size, code in ((1, "2520"), (20, "20"), (300, "25"), (4000, "252525"))
    )
    fields = "#Fields: date time sc-bytes cs-uri-stem"
    log, other = tmp_path / "cloudfront.log", tmp_path / "other.log"
    location = rows.replace("\t/a", "\tHKG\t/a")
    log.write_text(f"#Version: 1.0\n{fields[:-12]} x-edge-location cs-uri-stem\n{location}")
    other.write_text(f"#Version: 1.0\n{fields}\n{rows}")
    groups = {group["url"]: group["bytes"] for group in ask(log, "--by", "url")["groups"]}
    assert groups == {"/a%20b.jpg": 21, "/a%b.jpg": 300, "/a%2525b.jpg": 4000}
    groups = {group["url"]: group["bytes"] for group in ask(other, "--by", "url")["groups"]}
    assert groups == {
        "/a%2520b.jpg": 1,
        "/a%20b.jpg": 20,
        "/a%25b.jpg": 300,
        "/a%252525b.jpg": 4000,
    }
