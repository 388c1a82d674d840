"""Q2 and damaged logs: counted under a reason or one clear line, never a wrong total."""

import gzip
import os
import signal
import subprocess
import sys

import pytest

from logs.streams import zstd
from tests.conftest import ROOT, assert_one_line_error, take_interrupts
from tests.q2.conftest import FIXTURES, ask, run

GOOD = b"2017-08-24\t00:00:00\t10\t/a.jpg\n"


def zstd_compress(data: bytes) -> bytes:
    """With a checksum, as the zstd command writes it."""
    return zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1})


@pytest.mark.parametrize("compress", [gzip.compress, zstd_compress])
@pytest.mark.parametrize("damage", ["cut", "overwritten"])
def test_a_damaged_archive_is_one_line(tmp_path, compress, damage):
    path = tmp_path / "log.archive"
    rows = b"".join(GOOD.replace(b"a", b"%d" % (row * 7919)) for row in range(20_000))
    data = bytearray(compress(rows))
    middle = len(data) // 2
    if damage == "cut":
        del data[middle:]
    else:
        data[middle : middle + 99] = bytes(99)
    path.write_bytes(data)
    assert_one_line_error(run(path), 2, "log.archive", "damaged or cut short")


def test_rubbish_between_rows_is_counted(tmp_path):
    log = tmp_path / "log.tsv"
    random = bytes(range(256)).replace(b"\n", b"")
    lines = [
        GOOD,
        random + b"\n",
        b"\n",
        GOOD[:10] + b"\n",
        b"\xff\xfe\n",
        GOOD.replace(b"a", b"\xe9"),
    ]
    log.write_bytes(b"".join(lines) + b"\x00" * 100)
    answer = ask(log)
    assert (answer["requests"], answer["bytes"], answer["rows_read"]) == (2, 20, 6)
    assert answer["rows_rejected"] == {"wrong number of fields": 4}
    assert answer["first_rejected"] == {"wrong number of fields": f"{log}:2"}


@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_a_line_of_ten_megabytes_is_one_rejected_row(tmp_path, place):
    log = tmp_path / "log.tsv"
    long = GOOD[:-1] + b"x" * (10 << 20) + b"\n"
    lines = {"first": [long, GOOD], "middle": [GOOD, long, GOOD], "last": [GOOD, long[:-1]]}[place]
    log.write_bytes(b"".join(lines))
    answer = ask(log, "--log-format", "tsv")
    assert answer["bytes"] == 10 * (len(lines) - 1)
    assert answer["rows_rejected"] == {"line is longer than 1 MiB": 1}
    assert answer["first_rejected"] == {
        "line is longer than 1 MiB": f"{log}:{1 if place == 'first' else 2}"
    }


def test_lines_are_counted_across_blocks_and_files(tmp_path):
    first, second = tmp_path / "1.tsv", tmp_path / "2.tsv"
    first.write_bytes(GOOD * 400_000)  # 12 MB, several blocks
    second.write_bytes(GOOD * 400_000 + b"rubbish\n" + GOOD)
    answer = ask(first, second)
    assert answer["rows_read"] == 800_002
    assert answer["bytes"] == 8_000_010
    assert answer["first_rejected"] == {"wrong number of fields": f"{second}:400001"}


@pytest.mark.parametrize("option", [["--on-bad-row", "stop"], ["--strict"]])
def test_stop_ends_at_the_first_bad_row(tmp_path, option):
    log = tmp_path / "log.tsv"
    log.write_bytes(GOOD + GOOD.replace(b"10", b"-1") + b"rubbish\n")
    line = f"{log}:2: size is negative; fix the row or pass --on-bad-row skip"
    finished = run(log, *option)
    assert_one_line_error(finished, 2, line)
    assert not finished.stdout
    assert run(FIXTURES / "plain.tsv", *option).returncode == 0


def test_bad_rows_are_skipped_by_default_and_the_last_option_holds(tmp_path):
    log = tmp_path / "log.tsv"
    log.write_bytes(GOOD + b"rubbish\n")
    plain = run(log)
    assert plain.returncode == 0
    assert run(log, "--on-bad-row", "skip") == plain
    assert run(log, "--strict", "--on-bad-row", "skip") == plain
    assert run(log, "--on-bad-row", "skip", "--strict").returncode == 2


def test_csv_reports_bad_rows_on_stderr(tmp_path):
    log = tmp_path / "log.tsv"
    log.write_bytes(GOOD + b"rubbish\n" * 2)
    finished = run(log, "--format", "csv")
    assert len(finished.stdout.splitlines()) == 2
    line = f"  2 rows rejected, first {log}:2: wrong number of fields"
    assert finished.stderr.splitlines()[-1] == line


def test_the_text_names_each_reason_with_its_first_row(tmp_path):
    log = tmp_path / "log.tsv"
    log.write_bytes(GOOD + b"rubbish\n" * 3 + GOOD.replace(b"10", b"-1"))
    assert run(log).stdout.splitlines()[1:] == [
        "1 requests counted of 5 rows read; 0 outside the question, 4 rejected",
        f"  3 rows rejected, first {log}:2: wrong number of fields",
        f"  1 row rejected, first {log}:5: size is negative",
    ]


def test_sizes_add_up_beyond_32_bits(tmp_path):
    log = tmp_path / "log.tsv"
    log.write_bytes(GOOD.replace(b"\t10\t", b"\t1000000000000\t") * 5000)
    assert ask(log)["bytes"] == 5_000_000_000_000_000


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_interrupt_ends_cleanly():
    process = subprocess.Popen(
        [sys.executable, "Q2/raw_data_analytics.py", "-"],
        cwd=ROOT,
        preexec_fn=take_interrupts,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdin.write(GOOD * 10_000)  # more than a pipe holds: it is read, and more waited for
    process.stdin.flush()
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stdout == b""
    assert stderr.decode().splitlines() == ["raw_data_analytics.py: interrupted"]
