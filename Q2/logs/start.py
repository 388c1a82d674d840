"""The kernel loaded for a command, and numba without libraries that it looks for in vain."""

import gc
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from logs.fields import DATE, SIZE, TIME, URL, Layout

# They take half as long to load as numba does: BLAS, settings in a file, C types, and coverage.
UNUSED = ("scipy", "yaml", "cffi", "coverage")


def load_kernel(tables: bool = False) -> None:
    """Load the compiled kernel, ready to scan, and numba where tables of groups are compiled too.

    numba remembers that the unused libraries are missing: so this is for a command, whose process
    compiles nothing else.
    """
    gc.disable()  # what is loaded here stays: to search it for garbage takes a tenth of the start
    with interrupts_held():
        if tables:
            with hidden(*UNUSED):
                import numba  # noqa: F401
        from logs.scanner import scan_block

        scan_block("", Layout((DATE, TIME, SIZE, URL)), memoryview(b"\n"))
    gc.freeze()
    gc.enable()


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Hold an interrupt until the end: a callback of numba would report it, and the work go on."""
    if threading.current_thread() is not threading.main_thread():  # which alone takes signals
        yield
        return
    held = []
    usual = signal.signal(signal.SIGINT, lambda *_: held.append(True))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
    if held:
        signal.raise_signal(signal.SIGINT)


@contextmanager
def hidden(*modules: str) -> Iterator[None]:
    """Let imports of modules that are not loaded yet fail as if they were not installed."""
    absent = [module for module in modules if module not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))
    try:
        yield
    finally:
        for module in absent:
            del sys.modules[module]
