"""Q2 starts with what a run needs, and compiles its kernel once."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from logs import machine_code
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
    loaded(FIXTURES / "plain.tsv")  # compiles the kernel where that is not done yet
    modules = loaded(FIXTURES / "plain.tsv")
    assert "numpy" in modules
    assert not modules & (AT_TIMES | {"numba"})
    assert not loaded(FIXTURES / "plain.tsv", "--by", "extension") & AT_TIMES
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
        "from logs.start import UNUSED, load_kernel; load_kernel(tables=True); "
        "assert not {*UNUSED} & {*sys.modules} - early; import scipy.linalg, yaml"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT / "Q2", check=True)


LOADED_BY_THREADS = """
import gc
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from logs import machine_code

for name in machine_code.SOURCES:  # each engine ends with the machine that it took over
    machine_code.loaded(machine_code.kept_code(name) or machine_code.compiled_code(name))
    gc.collect()
together = Barrier(8)

def load(name):
    together.wait()
    return machine_code.function(name)

with ThreadPoolExecutor(8) as threads:
    found = [*threads.map(load, [*machine_code.SOURCES] * 4)]
assert len({*map(id, found)}) == 2
"""


def test_threads_may_load_the_kernel_at_once():
    for _ in range(3):
        subprocess.run([sys.executable, "-c", LOADED_BY_THREADS], cwd=ROOT / "Q2", check=True)


@pytest.fixture(scope="module")
def module():
    """The kernel as numba compiles it, which takes ten seconds."""
    return machine_code.compiled_module("scan")


@pytest.fixture
def only_folder(tmp_path, monkeypatch, module):
    """The one folder in which machine code is kept."""
    monkeypatch.setattr(machine_code, "folders", lambda: iter([tmp_path / "kept"]))
    monkeypatch.setattr(machine_code, "compiled_module", lambda name: module)
    return tmp_path / "kept"


@pytest.mark.slow
def test_machine_code_is_kept_and_a_damaged_file_is_not_run(only_folder):
    assert machine_code.kept_code("scan") is None
    code = machine_code.compiled_code("scan")
    (file,) = only_folder.glob("*.o")
    assert machine_code.kept_code("scan") == code
    kept = file.read_bytes()
    for damaged in (kept[:-1], kept[:-1] + bytes([kept[-1] ^ 1]), b""):
        file.write_bytes(damaged)
        assert machine_code.kept_code("scan") is None


@pytest.mark.slow
def test_machine_code_needs_nothing_from_outside(module):
    """Not from numba either, whose functions it could not find."""
    assert "scan" in {function.name for function in module.functions}
    needed = {function.name for function in module.functions if function.is_declaration}
    assert all(name.startswith("llvm.") for name in needed), needed


@pytest.mark.parametrize("name", machine_code.SOURCES)
def test_other_sources_are_compiled_anew(name, tmp_path, monkeypatch):
    shutil.copytree(machine_code.HERE, tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(machine_code, "HERE", tmp_path)
    for source in machine_code.SOURCES[name]:
        before = machine_code.file_name(name)
        (tmp_path / source).write_bytes((tmp_path / source).read_bytes() + b"# changed\n")
        assert machine_code.file_name(name) != before


@pytest.mark.parametrize("name", machine_code.SOURCES)
def test_the_sources_are_all_that_a_function_is_made_of(name):
    program = (
        f"import sys, logs.kernel.{name}; "
        "print(*(it.__file__ for name, it in sys.modules.items() "
        "if name.startswith(('logs.', 'common.'))))"
    )
    made = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT / "Q2", capture_output=True, text=True, check=True
    )
    files = {Path(file).relative_to(machine_code.HERE).as_posix() for file in made.stdout.split()}
    assert files == {*machine_code.SOURCES[name]}


def test_an_interrupt_while_the_kernel_loads_comes_when_it_is_loaded():
    """Inside a callback of numba Python would report it and go on."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where a shell says so
    with pytest.raises(KeyboardInterrupt), interrupts_held():
        signal.raise_signal(signal.SIGINT)
        loaded = True
    assert loaded
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
