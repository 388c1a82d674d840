"""Execute the notebook from top to bottom and print its closing summary.

    python Q3b/run_prototype.py
    python Q3b/run_prototype.py --data ~/lastfm-360k --gender f --share 0.1

The data are the two Last.fm 360K files if they stand in Q3b/, else a sample drawn from a seed.
The executed copy goes to Q3b/output/; the notebook itself changes only with --in-place.
"""

from common.command import OutsideError, UserError

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbconvert.preprocessors import CoalesceStreamsPreprocessor

from common.command_line import ArgumentParser, command, share
from common.output import replacing
from listening.lastfm import PLAYS_FILE, PROFILE_FILE

HERE = Path(__file__).resolve().parent
NOTEBOOK = HERE / "User-user Nearest Neighbours Prototype.ipynb"
INLINE_PLOTS = "module://matplotlib_inline.backend_inline"


def execute(notebook: Path, output: Path, settings: dict[str, str]) -> None:
    """Write an executed copy of `notebook` to `output`; raise OutsideError if a cell fails.

    `settings` are environment variables that the notebook reads. The user's own Jupyter and
    IPython settings are left out, so that the notebook runs the same way everywhere.
    """
    nbconvert = [sys.executable, "-m", "jupyter", "nbconvert", "--to", "notebook", "--execute"]
    nbconvert += ["--ExecutePreprocessor.record_timing=False", "--output-dir", output.parent]
    with tempfile.TemporaryDirectory() as scratch:
        private = dict.fromkeys(
            ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"), scratch
        )
        finished = subprocess.run(
            [*nbconvert, "--output", output.name, notebook],
            env=os.environ | private | {"MPLBACKEND": INLINE_PLOTS} | settings,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
        )
    if finished.returncode:
        raise OutsideError(f"{notebook.name} failed: {last_line(finished.stderr)}")


def last_line(text: str) -> str:
    """The last line that is not empty, without colours: of a traceback the error."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return (plain.strip() or "no message").splitlines()[-1]


def join_streams(path: Path) -> nbformat.NotebookNode:
    """Join what each cell printed in pieces, which depend on timing, and return the notebook."""
    pieces = nbformat.read(path, as_version=4)
    notebook, _ = CoalesceStreamsPreprocessor(enabled=True).preprocess(pieces, {})
    nbformat.write(notebook, path)
    return notebook


def summary(notebook: nbformat.NotebookNode) -> str:
    """What the last cell of an executed notebook printed."""
    outputs = notebook.cells[-1].outputs
    return "".join(output.text for output in outputs if output.output_type == "stream")


def notebook_settings(data: Path | None, sample: bool, gender: str | None, drawn: float) -> dict:
    """The environment variables by which the notebook is told what to run on."""
    if data and sample:
        raise UserError("--data and --sample exclude each other")
    for name in (PLAYS_FILE, PROFILE_FILE):
        if data and not (data / name).is_file():
            raise UserError(f"{data / name}: no such file; --data names the folder that holds it")
    return {
        "PROTOTYPE_DATA": "sample" if sample else str(data.resolve()) if data else "",
        "PROTOTYPE_GENDER": gender or "",
        "PROTOTYPE_SHARE": str(drawn),
    }


@command
def main(argv: Sequence[str] | None = None) -> None:
    """Execute the notebook and print its last cell's text."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, metavar="FOLDER", help=f"that of {PLAYS_FILE}")
    parser.add_argument("--sample", action="store_true", help="the sample, whatever is in Q3b/")
    parser.add_argument("--gender", choices=["f", "m"], help="only users of this gender")
    parser.add_argument("--share", type=share, default=1.0, help="of the users, drawn")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE.ipynb",
        default=HERE / "output" / NOTEBOOK.name,
        help="the executed copy",
    )
    parser.add_argument("--in-place", action="store_true", help="execute the notebook itself")
    options = parser.parse_args(argv)
    settings = notebook_settings(options.data, options.sample, options.gender, options.share)
    output = NOTEBOOK if options.in_place else options.output
    if output.suffix != ".ipynb":
        raise UserError(f"--output {output}: is no name of a notebook: end it in .ipynb")
    output.parent.mkdir(parents=True, exist_ok=True)
    print(f"Executing {NOTEBOOK.name} into {output}", file=sys.stderr)
    with replacing(output) as beside:
        execute(NOTEBOOK, beside, settings)
        text = summary(join_streams(beside))
    print(text, end="")


if __name__ == "__main__":
    sys.exit(main())
