"""Processes that a command starts: none of them outlives it, at whatever moment it is stopped."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress


def end_by_sigterm() -> None:
    """Let SIGTERM end this process as an exception does, which ends its children too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


@contextmanager
def child(command: list, grace: float, **settings) -> Iterator[subprocess.Popen]:
    """Run a process until the end of the block, whatever that is; `settings` are those of `Popen`.

    grace: seconds in which the process may end itself at SIGTERM before it is killed
    """
    with ExitStack() as stack:
        with signals_held():
            process = stack.enter_context(subprocess.Popen(command, **settings))
            stack.callback(end, process, grace)
        yield process


def end(process: subprocess.Popen, grace: float) -> None:
    """End a process; return when it and all who write to its pipes have ended, or it is killed."""
    if process.poll() is not None:
        return
    try:
        if grace:
            process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=grace)
    finally:  # also at a second interrupt
        process.kill()
        process.wait()


@contextmanager
def signals_held() -> Iterator[None]:
    """Hold interrupts and SIGTERM back until the end: a process just started has no owner yet."""
    held = []
    usual = {
        number: signal.signal(number, lambda number, _: held.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)
        for number in held[:1]:
            signal.raise_signal(number)
