"""The confusion matrix and the weightiest words of a run, as a picture."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

from common.output import replacing
from quality.fonts import drawable, font_for
from quality.report import Run
from quality.scores import confusion

MOST_WORDS = 30
INCHES_PER_WORD = 0.24
COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377")  # Paul Tol's bright


def plot_run(run: Run, path: Path, named_font: Path | None) -> None:
    """Write the figure. Raises UserError if no font has the characters of the tags."""
    font = font_for("".join(np.unique(run.evaluation.true)), named_font)
    words = run.words.head(MOST_WORDS)
    panels = 1 if words.empty else 2
    figure = Figure(
        figsize=(6.5 * panels, max(5, INCHES_PER_WORD * len(words))), layout="constrained"
    )
    axes = figure.subplots(1, panels, squeeze=False)[0]
    draw_confusion(axes[0], confusion(run.evaluation), font)
    if panels == 2:
        draw_words(axes[1], words, font)
    for axis in axes:
        for label in [*axis.get_xticklabels(), *axis.get_yticklabels()]:
            label.set_fontproperties(font)
    with replacing(path) as sibling:
        figure.savefig(sibling, dpi=120)


def draw_confusion(axis: Axes, counts: pd.DataFrame, font: FontProperties) -> None:
    """Draw counts as a grid; the shade is the share of the true tag."""
    shares = counts.div(counts.sum(axis=1).clip(lower=1), axis=0)
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    names = [drawable(tag, font) for tag in counts.columns]
    axis.set_xticks(range(len(names)), names, rotation=45 if len(names) > 6 else 0)
    axis.set_yticks(range(len(names)), names)
    for row in range(len(counts)):
        for column in range(len(counts)):
            colour = "white" if shares.iloc[row, column] > 0.5 else "black"
            axis.text(column, row, counts.iloc[row, column], ha="center", va="center", color=colour)
    axis.set(xlabel="predicted tag", ylabel="true tag", title="Articles of the outer folds")


def draw_words(axis: Axes, words: pd.DataFrame, font: FontProperties) -> None:
    """Draw a bar per word, the weightiest on top, in the colour of the tag that it speaks for."""
    tags = list(dict.fromkeys(words["tag"]))
    bars = []
    for number, tag in enumerate(tags):
        of_tag = words[words["tag"] == tag]
        colour = COLOURS[number % len(COLOURS)]
        bars.append(axis.barh(of_tag.index, of_tag["importance"], color=colour))
    axis.set_yticks(words.index, [drawable(word, font) for word in words["word"]])
    axis.invert_yaxis()
    axis.margins(y=0.01)
    axis.set(xlabel="importance", title="Weightiest words")
    if tags != [""]:
        # Bars and names, since a label of theirs that begins with "_" would be left out.
        axis.legend(bars, [drawable(tag, font) for tag in tags], prop=font, title="speaks for")
