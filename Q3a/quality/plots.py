"""A run as a picture: confusion of tags, weightiest words, and whether confidence is reliable."""

import numpy as np
import pandas as pd
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from common.picture import STYLE, short
from quality.report import Run
from quality.scores import by_confusion, confusion, most_confused, reliability, selective_accuracy

LONGEST = 40  # characters of a tag or word
MOST_WORDS = 30
MOST_TAGS = 100  # of the confusion matrix
MOST_NUMBERED = 15  # tags of a confusion matrix with a number in each cell
MOST_COLOURS = 8  # of the style
INCHES_PER_WORD, INCHES_PER_TAG, INCHES_PER_LETTER = 0.24, 0.13, 0.05
PANEL = (6.5, 4.5)  # inches


@style.context(STYLE)
def figure_of(run: Run) -> Figure:
    """Return the four panels; without words, as out of core, three."""
    counts = by_confusion(most_confused(confusion(run.evaluation), MOST_TAGS))
    words = run.words.head(MOST_WORDS)
    side = max(PANEL[1], INCHES_PER_TAG * len(counts)) + inches_of(counts.columns)
    rows = [max(side, INCHES_PER_WORD * len(words) + 0.8), PANEL[1]]
    columns = [max(PANEL[0], side), PANEL[0] + inches_of(words["word"] + words["tag"])]
    figure = Figure(figsize=(sum(columns), sum(rows)), layout="constrained")
    sizes = {"width_ratios": columns, "height_ratios": rows}
    panels = figure.subplot_mosaic([["tags", "words"], ["reliability", "coverage"]], **sizes)
    draw_confusion(panels["tags"], counts)
    draw_words(panels["words"], words)
    draw_reliability(panels["reliability"], reliability(run.evaluation))
    draw_coverage(panels["coverage"], selective_accuracy(run.evaluation))
    return figure


def source_of(run: Run) -> str:
    """Return what the picture was drawn from."""
    tags = len(np.unique(run.evaluation.true))
    articles = f"{len(run.ids):,} articles that the models had not seen, {tags:,} tags"
    return f"Source: {articles}; seed {run.seed}"


def inches_of(names: pd.Series | pd.Index) -> float:
    """Return how much place the longest label of these names takes, at most."""
    return INCHES_PER_LETTER * min(2 * LONGEST, max(map(len, names), default=0))


def draw_confusion(axes: Axes, counts: pd.DataFrame) -> None:
    """Draw counts as a grid; the shade is the share of the true tag."""
    shares = counts.div(counts.sum(axis=1).clip(lower=1), axis=0).to_numpy()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
    names = [short(tag, LONGEST) for tag in counts.columns]
    size = 10 if len(names) <= MOST_NUMBERED else 6
    places = range(len(names))
    turn = 90 if len("".join(names)) > 40 else 0
    axes.set_xticks(places, names, rotation=turn, size=size)
    axes.set_yticks(places, names, size=size)
    if len(names) <= MOST_NUMBERED:
        for (row, column), number in np.ndenumerate(counts.to_numpy()):
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, f"{number:,}", ha="center", va="center", color=colour, size=8)
    axes.set(xlabel="predicted tag", ylabel="true tag")
    axes.set_title("Articles by tag; the shade is the share of the true tag")


def draw_words(axes: Axes, words: pd.DataFrame) -> None:
    """Draw a bar per word, the weightiest on top, in the colour of the tag that it speaks for."""
    if words.empty:
        axes.set_axis_off()
        axes.text(
            0.5, 0.5, "This model has no list of words.", ha="center", transform=axes.transAxes
        )
        return
    tags = list(dict.fromkeys(words["tag"]))
    coloured = len(tags) <= MOST_COLOURS
    names = [short(word, LONGEST) for word in words["word"]]
    bars = []
    for number, tag in enumerate(tags):
        of_tag = words[words["tag"] == tag]
        colour = f"C{number if coloured else 0}"
        bars.append(axes.barh(of_tag.index, of_tag["importance"], color=colour))
    if not coloured:
        named = zip(names, words["tag"], strict=True)
        names = [f"{name} ({short(tag, LONGEST)})" for name, tag in named]
    axes.set_yticks(words.index, names)
    axes.invert_yaxis()
    axes.margins(y=0.01)
    axes.set(xlabel="importance", title="Weightiest words")
    if tags != [""] and coloured:
        # Bars and names, since a label of theirs that begins with "_" would be left out.
        names = [short(tag, LONGEST) for tag in tags]
        axes.legend(bars, names, title="speaks for", loc="lower right")


def draw_reliability(axes: Axes, table: pd.DataFrame) -> None:
    """Draw accuracy against confidence, with 95 % intervals; on the diagonal both are the same."""
    axes.plot([0, 1], [0, 1], ":", color="0.5", label="as right as confident")
    around = [table["accuracy"] - table["low"], table["high"] - table["accuracy"]]
    axes.errorbar(
        table["confidence"], table["accuracy"], around, fmt="o-", capsize=3, label="tagger"
    )
    for row in table.itertuples():
        place = {"xytext": (0, -12), "textcoords": "offset points", "ha": "center"}
        axes.annotate(f"{row.articles:,}", (row.confidence, 0), size=7, color="0.4", **place)
    axes.set(xlim=(-0.03, 1.03), ylim=(-0.12, 1.03))
    axes.set_title("Reliability, with the number of articles")
    axes.set(xlabel="mean confidence", ylabel="accuracy, with 95 % intervals")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1))
    axes.grid()
    axes.legend(loc="upper left")


def draw_coverage(axes: Axes, table: pd.DataFrame) -> None:
    """Draw how right the surest articles are, against their share of all."""
    axes.plot(table["coverage"], table["accuracy"], clip_on=False)
    axes.set_xlim(0, 1.03)
    lowest = table["accuracy"].min()
    axes.set_ylim(max(0, lowest - 0.1 * (1.01 - lowest) - 0.01), 1)
    axes.set_title("What a least confidence brings")
    axes.set(xlabel="coverage: articles that get a tag", ylabel="accuracy of these")
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.grid()
