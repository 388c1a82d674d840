#!/usr/bin/env python3
"""Execute the notebook from top to bottom and print its closing summary."""

from common.command import Command, UserError

import math
import os
import sys
from pathlib import Path

import click

from evaluation.child import end_by_sigterm
from listening.constants import PLAYS_FILE, PROFILE_FILE

HERE = Path(__file__).resolve().parent
NOTEBOOK = HERE / "User-user Nearest Neighbours Prototype.ipynb"
EXAMPLES = """\b
examples:
  python Q3b/run_prototype.py
  python Q3b/run_prototype.py --data ~/lastfm-360k --gender f --share 0.1
  python Q3b/run_prototype.py --data plays.csv --profiles users.csv
"""


def notebook_name(ctx: click.Context, param: click.Parameter, path: Path) -> Path:
    """Check, as the callback of an option, that a file has the suffix of notebooks."""
    if path.suffix != ".ipynb":
        raise click.BadParameter(f"{str(path)!r} is not a notebook: end it in .ipynb")
    return path


def number(ctx: click.Context, param: click.Parameter, value: float) -> float:
    """Check, as the callback of an option, that it is not NaN, which lies in every FloatRange."""
    if math.isnan(value):
        raise click.BadParameter("nan is not a number")
    return value


def notebook_settings(
    data: Path | None, profiles: Path | None, sample: bool, gender: str | None, share: float
) -> dict:
    """Return the environment variables that tell the notebook what to run on."""
    if data and sample:
        raise click.UsageError("--data and --sample exclude each other")
    if profiles and not (data and data.is_file()):
        raise click.UsageError("--profiles belongs to a file of plays: name that with --data")
    for name in () if data is None or data.is_file() else (PLAYS_FILE, PROFILE_FILE):
        if not (data / name).is_file():
            raise UserError(f"{data / name}: no such file; --data names its folder, or a file")
    return {
        "PROTOTYPE_DATA": "sample" if sample else str(data.resolve()) if data else "",
        "PROTOTYPE_PROFILES": str(profiles.resolve()) if profiles else "",
        "PROTOTYPE_GENDER": gender or "",
        "PROTOTYPE_SHARE": str(share),
    }


@click.command(cls=Command, epilog=EXAMPLES)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help=f"Folder that holds {PLAYS_FILE} and {PROFILE_FILE}, or a file of your own plays with any"
    " ids: .csv, .tsv, .jsonl or .parquet. By default the two files are read from Q3b/; if they are"
    " not there, a sample is drawn from a seed.",
)
@click.option(
    "--profiles",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Gender, age and country of each user, for a file of plays.",
)
@click.option("--sample", is_flag=True, help="Run on the sample, whatever files are in Q3b/.")
@click.option("--gender", type=click.Choice(["f", "m"]), help="Keep the users of one gender.")
@click.option(
    "--share",
    type=click.FloatRange(0, 1, min_open=True),
    callback=number,
    default=1.0,
    metavar="F",
    help="Fraction of the users to draw at random, 0 < F <= 1.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=notebook_name,
    metavar="FILE.ipynb",
    default=Path("output") / NOTEBOOK.name,
    help="File to write the executed copy to.",
)
@click.option(
    "--in-place",
    is_flag=True,
    help="Write the executed copy over the notebook itself, in place of --output.",
)
def main(
    data: Path | None,
    profiles: Path | None,
    sample: bool,
    gender: str | None,
    share: float,
    output: Path,
    in_place: bool,
) -> None:
    """Execute the notebook from top to bottom and print its closing summary.

    The executed copy goes to output/ in the current folder; the notebook itself changes only with
    --in-place.
    """
    settings = notebook_settings(data, profiles, sample, gender, share)
    from evaluation.notebook import executed, summary, write

    output = NOTEBOOK if in_place else output
    output.parent.mkdir(parents=True, exist_ok=True)
    if not os.access(output.parent, os.W_OK):
        raise UserError(f"{output.parent}: nothing can be written there; name a file by --output")
    end_by_sigterm()
    print(f"Executing {NOTEBOOK.name} into {output}", file=sys.stderr)
    notebook = executed(NOTEBOOK, settings)
    write(notebook, output)
    print(summary(notebook), end="")


if __name__ == "__main__":
    sys.exit(main())
