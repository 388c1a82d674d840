"""The notebook executed from top to bottom, the same way everywhere."""

from common.command import OutsideError

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from nbconvert.preprocessors import CoalesceStreamsPreprocessor

from common.output import replacing
from evaluation.child import child

INLINE_PLOTS = "module://matplotlib_inline.backend_inline"
STOP_SECONDS = 10  # for nbconvert to end its kernel


def executed(notebook: Path, settings: dict[str, str]) -> nbformat.NotebookNode:
    """Return an executed copy of `notebook`. Raises OutsideError if a cell fails.

    `settings` are environment variables that the notebook reads. The user's own Jupyter and
    IPython settings are left out, so that the notebook runs the same way everywhere.
    """
    with tempfile.TemporaryDirectory(
        prefix="run-prototype-", ignore_cleanup_errors=True
    ) as scratch:
        copy = Path(scratch) / notebook.name
        nbconvert = [sys.executable, "-m", "jupyter", "nbconvert", "--to", "notebook", "--execute"]
        nbconvert += ["--ExecutePreprocessor.record_timing=False", "--output-dir", scratch]
        private = ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "TMPDIR")
        environment = (
            os.environ | dict.fromkeys(private, scratch) | {"MPLBACKEND": INLINE_PLOTS} | settings
        )
        status, messages = run([*nbconvert, "--output", copy.name, str(notebook)], environment)
        if status:
            raise OutsideError(f"{notebook.name} failed: {last_line(messages)}")
        return joined_streams(copy)


def run(command: list[str], environment: dict[str, str]) -> tuple[int, str]:
    """Run a command; return its exit code and what it wrote on standard error.

    It has a session of its own, where Ctrl-C does not reach it: an interrupt here asks it to end,
    so that it can end its kernel first.
    """
    with child(
        command,
        grace=STOP_SECONDS,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    ) as process:
        _, messages = process.communicate()
    return process.returncode, messages


def last_line(text: str) -> str:
    """Return the last line that is not empty, without colours: the error of a traceback."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return (plain.strip() or "no message").splitlines()[-1]


def joined_streams(path: Path) -> nbformat.NotebookNode:
    """Return a notebook with what each cell printed in one piece: pieces depend on timing."""
    pieces = nbformat.read(path, as_version=4)
    notebook, _ = CoalesceStreamsPreprocessor(enabled=True).preprocess(pieces, {})
    return notebook


def summary(notebook: nbformat.NotebookNode) -> str:
    """Return what the last cell of an executed notebook printed."""
    outputs = notebook.cells[-1].outputs
    return "".join(output.text for output in outputs if output.output_type == "stream")


def write(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Write a notebook, whole or not at all."""
    with replacing(path) as temporary:
        nbformat.write(notebook, temporary)
