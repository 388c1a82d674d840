"""What can be asked of a picture: its texts, where they are, and whether they can be read."""

from itertools import combinations
from pathlib import Path
from warnings import catch_warnings
from xml.etree import ElementTree

from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text

from common.picture import choose_fonts

SVG = "{http://www.w3.org/2000/svg}"
PIXEL = 1  # by so much boxes may overlap


def texts_in(figure: Figure) -> list[Text]:
    """The texts that are drawn, after the layout is made in the fonts of a file."""
    choose_fonts(figure)
    with catch_warnings(action="ignore"):  # of characters that no font has
        figure.draw_without_rendering()
    hidden = {text for axes in figure.axes for text in hidden_texts(axes.xaxis, axes.axison)}
    hidden |= {text for axes in figure.axes for text in hidden_texts(axes.yaxis, axes.axison)}
    texts = (text for text in figure.findobj(Text) if text.get_visible() and text not in hidden)
    return [text for text in texts if text.get_text().strip()]


def hidden_texts(axis: Axis, on: bool) -> set[Text]:
    """The labels of ticks beyond the limits of an axis; all its texts if the axis is off."""
    low, high = sorted(axis.get_view_interval())
    margin = (high - low) / 1e9
    ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
    places = (low - margin, high + margin)
    beyond = [tick for tick in ticks if not (on and places[0] <= tick.get_loc() <= places[1])]
    labels = {label for tick in beyond for label in (tick.label1, tick.label2)}
    return labels if on else labels | {axis.label, axis.offsetText}


def assert_readable(figure: Figure) -> None:
    """Assert that no text covers another and that all are inside the picture."""
    found = [(text.get_text(), text.get_window_extent()) for text in texts_in(figure)]
    assert found
    inside = figure.bbox.padded(PIXEL)
    for name, box in found:
        assert inside.x0 <= box.x0 and box.x1 <= inside.x1, f"{name!r} is cut off: {box}"
        assert inside.y0 <= box.y0 and box.y1 <= inside.y1, f"{name!r} is cut off: {box}"
    for (one, here), (other, there) in combinations(found, 2):
        assert not here.padded(-PIXEL).overlaps(there.padded(-PIXEL)), f"{one!r} on {other!r}"


def svg_texts(path: Path) -> list[str]:
    """The texts of an SVG file, in order."""
    root = ElementTree.parse(path).getroot()  # noqa: S314 - our own file
    return ["".join(element.itertext()) for element in root.iter(f"{SVG}text")]
