"""Scripts as modules, and hostile input for the sweeps.

HYPOTHESIS_PROFILE says how much is drawn, see tests/conftest.py.
"""

import importlib.util
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import strategies as st

from articles.preparation import fit_to_learn_from, prepared
from articles.sample import sample_articles
from tagger.saved import save_tagger
from tagger.terms import counted
from tests.q3a.conftest import one_candidate, tagger_of


@pytest.fixture(scope="session", autouse=True)
def with_compiled_kernels(compiled_kernels):
    """Some tests of the project run Q3b's loops."""


def loaded(script: Path) -> ModuleType:
    """The script as a module; a benchmark under a name that nothing else has."""
    if script.parent.name != "benchmarks":
        return importlib.import_module(script.stem)
    sys.path.append(str(script.parent))  # at the end: benchmarks/cluster.py is not the cluster
    specification = importlib.util.spec_from_file_location(f"benchmark_{script.stem}", script)
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    return module


def is_argument(text: str) -> bool:
    """Whether the operating system can hand the text to a program."""
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:  # half of a surrogate pair
        return False


HOSTILE = (
    *("", " ", "-", "--", "---", "-1", "--help", "%s", "%d%n", "{0}", "{}", "$(id)", "`id`", "*"),
    *("'; DROP TABLE plays; --", '"', "\\", "a\nb", "a\rb", "a\tb", "a\x1b[31mb", "a\x85b", "\0"),
    *("\u2028", "\ufeff", "\u202eabc", "مرحبا", "👨‍👩‍👧‍👦🏀", "拜登", "١", "\ud83d", "\udcff"),
    *("0", "-0", "1e999", "-1e999", "nan", "inf", "1_000", "0x10", "1.5", "2147483648"),
    *("18446744073709551616", "9" * 30, "9" * 5000, "2017-02-30", "0000-01-01", "9999-12-31"),
    *("20170401", "2017-W13-6", "None", "null", "true", "x" * 300, "x/" * 3000, "x" * 100_000),
    *("missing.csv", "missing/out.png", ".", "..", "/dev/null", "/proc/self/mem"),
    *("[", "[!", "**", "a=b", "id=", "=", ",", "://", "file://", "sqlite://", "postgresql://["),
)
ODD_CHARACTERS = "\0\n\r\t\x1b \"'%-=,.:;@[]{}\\0aZ٣é拜🏀\u202e\ud83d\udcff"
ODD_BYTES = (
    *(b"", b"\0", b"\n", b"\r\n", b"\r", b"\t", b'"', b'""', b",", b";", b"|", b"=", b"#", b" "),
    *(b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xc3", "拜登🏀".encode(), b"\xff\xfe"),
    *(b"-1", b"0", b"1e999", b"nan", b"inf", b"9" * 40, b"9999-12-31", b"0000-00-00", b"NULL"),
    *(b"[]", b"{}", b"null", b"-", b"--", b"%s", b"\x80" * 8, b"\0" * 40),
)


@st.composite
def changed(draw, text: str) -> str:
    """A text with a character left out, or an odd one put in; never with another slash."""
    place = draw(st.integers(0, len(text)))
    instead = draw(st.sampled_from(["", *ODD_CHARACTERS]))
    return text[:place] + instead + text[place + draw(st.integers(0, 1)) :]


@st.composite
def damaged(draw, content: bytes) -> bytes:
    """A file's content with up to three places cut out, repeated or overwritten, or cut short."""
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(content)))
        end = draw(
            st.one_of(
                st.just(start),
                st.integers(start, min(start + 9, len(content))),
                st.integers(start, len(content)),
            )
        )
        instead = draw(
            st.one_of(
                st.sampled_from(ODD_BYTES),
                st.binary(max_size=9),
                st.just(content[start:end] * 2),
            )
        )
        content = content[:start] + instead + content[end:]
    return content


class Hang(BaseException):
    """An example took longer than it may. No `except Exception` stops it."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise Hang in the main thread after so many seconds, where the system has a timer."""
    if not hasattr(signal, "setitimer"):  # Windows
        yield
        return

    def stop(*_):
        raise Hang(f"still at work after {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@cache
def tagger_bytes() -> bytes:
    """The file of a tagger that has learnt from some sample articles."""
    short = sample_articles(seed=1)[0][:60].assign(text=lambda articles: articles["text"].str[:20])
    learnt = fit_to_learn_from(prepared(short))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tagger.skops"
        save_tagger(tagger_of(one_candidate("linear"), counted(learnt)), None, path)
        return path.read_bytes()
