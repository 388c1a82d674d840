"""Q2 starts with what a run needs, and compiles its kernel once."""

import signal
import subprocess
import sys

import pyarrow as pa
import pytest
from pyarrow import parquet

from logs.fields import DATE, SIZE, TIME, URL, Layout
from logs.kernel import scan
from logs.scanner import scan_block
from logs.start import interrupts_held
from tests.conftest import ROOT, clean_environment
from tests.q2.conftest import FIXTURES

HEAVY = {"numpy", "pandas", "numba", "scipy", "matplotlib", "pyarrow"}
AT_TIMES = {"pandas", "distributed", "dask", "duckdb", "tqdm", "fsspec", "matplotlib"}


def loaded(*arguments: object) -> set[str]:
    """The modules that a run of the script imports."""
    finished = subprocess.run(
        [sys.executable, "-X", "importtime", "Q2/raw_data_analytics.py", *map(str, arguments)],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        encoding="utf-8",
    )
    assert finished.returncode in (0, 2), finished.stderr[-1000:]
    lines = finished.stderr.splitlines()
    return {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--by", "size"],
        ["--extension", "tar.gz"],
        ["--time-zone", "Hongkong/Kowloon"],
        ["--top", "3"],
        ["--from", "2017-08-25", "--to", "2017-08-24"],
        ["no-such-folder/*.gz"],
    ],
)
def test_help_and_wrong_arguments_load_nothing_heavy(arguments):
    modules = loaded(*arguments)
    assert "click" in modules
    assert not modules & HEAVY


def test_a_run_loads_only_what_it_needs():
    modules = loaded(FIXTURES / "plain.tsv", "--by", "extension")
    assert "numba" in modules
    assert not modules & AT_TIMES
    assert not loaded(FIXTURES / "plain.tsv", "--by", "url") & AT_TIMES


def test_a_table_that_duckdb_answers_loads_no_kernel(tmp_path):
    row = {"timestamp": ["2024-11-14T22:06:40Z"], "size": [1], "url": ["/a.jpg"]}
    parquet.write_table(pa.table(row), tmp_path / "log.parquet")
    modules = loaded(tmp_path / "log.parquet")
    assert "duckdb" in modules
    assert not modules & HEAVY


def test_what_numba_would_load_is_not_and_can_be_afterwards():
    program = (
        "import sys; early = {*sys.modules}; "  # coverage is, where lines are counted
        "from logs.start import UNUSED, load_kernel; load_kernel(); "
        "assert not {*UNUSED} & {*sys.modules} - early; import scipy.linalg, yaml"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT / "Q2", check=True)


def test_the_kernel_is_compiled_once_for_all_blocks():
    row = b"2017-08-24\t00:00:00\t1\t/a.jpg\n"
    for block in (row, bytearray(row)):  # the last line of a file, and the lines before it
        scan_block("test", Layout((DATE, TIME, SIZE, URL)), memoryview(block))
    assert len({signature[0] for signature in scan.signatures}) == 1


def test_an_interrupt_while_the_kernel_loads_comes_when_it_is_loaded():
    """Inside a callback of numba Python would report it and go on."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where a shell says so
    with pytest.raises(KeyboardInterrupt), interrupts_held():
        signal.raise_signal(signal.SIGINT)
        loaded = True
    assert loaded
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
