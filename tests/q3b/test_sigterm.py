"""A command that starts processes of its own stops them when it is stopped."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import psutil
import pytest

from evaluation.child import child
from tests.conftest import ROOT, clean_environment, take_interrupts

STARTS_A_CHILD = """
import os, signal, sys, time
from evaluation.child import child, end_by_sigterm

def tell_parent():
    os.kill(os.getppid(), signal.{signal})
    time.sleep(0.1)  # while the parent is still starting this process

end_by_sigterm()
with child(["sleep", "60"], {grace}, preexec_fn=tell_parent):
    time.sleep(60)
"""
DEAF_TO_SIGTERM = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
signal.pause()
"""

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM to send")


@pytest.mark.parametrize(
    ("command", "its_child"),
    [
        (["run_production.py"], "recommend_daily.py"),
        pytest.param(["run_production.py"], "api.py", marks=pytest.mark.slow),
        pytest.param(
            ["run_prototype.py", "--sample"], "ipykernel_launcher", marks=pytest.mark.slow
        ),
    ],
)
def test_sigterm_ends_what_a_command_started_and_leaves_nothing(tmp_path, command, its_child):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    script, *arguments = command
    with subprocess.Popen(
        [sys.executable, ROOT / "Q3b" / script, *arguments],
        cwd=tmp_path,
        env=clean_environment() | {"TMPDIR": str(temporary)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        process, children = psutil.Process(running.pid), []
        while running.poll() is None and not any(
            word.endswith(its_child) for it in children for word in words(it)
        ):
            time.sleep(0.02)
            children = process.children(recursive=True)
        running.terminate()
        _, errors = running.communicate(timeout=60)
    assert running.returncode == 128 + signal.SIGTERM
    assert "Traceback" not in errors
    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []
    assert list(temporary.iterdir()) == []


def words(process: psutil.Process) -> list[str]:
    """The words that a process was started with; none of one that just ended."""
    with suppress(psutil.Error):
        return process.cmdline()
    return []


@pytest.mark.parametrize("grace", [0, 5])
@pytest.mark.parametrize(("sent", "status"), [("SIGINT", -signal.SIGINT), ("SIGTERM", 143)])
def test_a_signal_while_a_child_starts_ends_that_too(sent, status, grace):
    finished = subprocess.run(
        [sys.executable, "-c", STARTS_A_CHILD.format(signal=sent, grace=grace)],
        env=clean_environment() | {"PYTHONPATH": str(ROOT / "Q3b")},
        capture_output=True,  # of the child, too: its output is read until it has ended
        timeout=30,
        preexec_fn=take_interrupts,
    )
    assert finished.returncode == status


def test_a_child_that_does_not_end_in_time_is_killed():
    with child([sys.executable, "-c", DEAF_TO_SIGTERM], 0.2, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
    assert process.returncode == -signal.SIGKILL


def test_a_second_interrupt_kills_a_child_that_takes_long_to_end():
    usual = signal.signal(signal.SIGALRM, signal.default_int_handler)
    with (
        pytest.raises(KeyboardInterrupt),
        child([sys.executable, "-c", DEAF_TO_SIGTERM], 60, stdout=subprocess.PIPE) as process,
    ):
        process.stdout.readline()
        signal.setitimer(signal.ITIMER_REAL, 0.2)
    signal.signal(signal.SIGALRM, usual)
    assert process.returncode == -signal.SIGKILL
