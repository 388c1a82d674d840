"""Pictures in one style, with their source at the bottom, and no warnings of matplotlib."""

import logging
from pathlib import Path
from warnings import catch_warnings

from matplotlib import style

from common.output import replacing

STYLE = Path(__file__).with_suffix(".mplstyle")


def save(figure, path: Path, source: str) -> None:
    """Write a figure, whole or not at all; a box takes the place of what no font can draw."""
    figure.supxlabel(source, x=0.01, ha="left", fontsize="x-small", color="0.4")
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # of fonts not installed
    with replacing(path) as sibling, catch_warnings(action="ignore"), style.context(STYLE):
        figure.savefig(sibling)
