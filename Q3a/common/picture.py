"""Pictures in one style, each with its source, in fonts that have what is written on them."""

import io
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from unicodedata import bidirectional, category
from warnings import catch_warnings

import click
from matplotlib import font_manager, style
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text

from common.output import replacing

FAMILY = "DejaVu Sans"  # comes with matplotlib; what it lacks is taken from other fonts
# Okabe and Ito's colours: people of every colour vision can tell them apart, and so can grey paper.
COLOURS = ("0072B2", "E69F00", "009E73", "CC79A7", "56B4E9", "D55E00", "F0E442", "999999")
STYLE = {
    **{"axes.prop_cycle": f"cycler('color', {list(COLOURS)})", "text.parse_math": False},
    **{"axes.spines.right": False, "axes.spines.top": False, "grid.alpha": 0.3},
    **{"axes.titlelocation": "left", "axes.titlesize": "medium", "legend.frameon": False},
    **{"hatch.linewidth": 0.5, "savefig.dpi": 120, "svg.fonttype": "none"},
    "font.sans-serif": [FAMILY],
}
PLAIN = (400, "normal", "regular", "book")  # names of one weight
LEFT_TO_RIGHT = "\N{LEFT-TO-RIGHT MARK}"
MARKS = ("hk", "tc", "jhenghei", "cjk")  # of Hong Kong and Taiwan, best first


def save(figure: Figure, path: Path, source: str, families: Iterable[str] = ()) -> None:
    """Write a figure, whole or not at all; report a character that no font here has."""
    with replacing(path) as sibling:
        missing = write(figure, sibling, source, families)
    if missing and path.suffix.lower() != ".svg":  # which the reader's fonts draw
        example = f"{min(missing)} (U+{ord(min(missing)):04X})"
        fix = "install one (Debian: apt install fonts-noto-core fonts-noto-cjk) or write an .svg"
        click.echo(f"{path}: no font here has {example}, so a box is drawn; {fix}", err=True)


def svg(figure: Figure, source: str, families: Iterable[str] = ()) -> str:
    """Return a figure as an element of SVG."""
    file = io.StringIO()
    write(figure, file, source, families, format="svg")
    return file.getvalue()[file.getvalue().index("<svg") :]


def write(figure: Figure, target, source: str, families: Iterable[str], **how) -> set[str]:
    """Write a figure in fonts of these families first; return characters that no font has."""
    figure.supxlabel(source, x=0.01, ha="left", fontsize="x-small", color="0.4")
    missing = choose_fonts(figure, families)
    with style.context(STYLE), catch_warnings(action="ignore"):
        figure.savefig(target, **how)
    return missing


def choose_fonts(figure: Figure, families: Iterable[str] = ()) -> set[str]:
    """Give the texts of a figure fonts that have them; return the characters that none has."""
    texts, families = figure.findobj(Text), [*families, FAMILY]
    written = set("".join(text.get_text() for text in texts))
    missing = {it for it in written if category(it) not in ("Cc", "Cf", "Zs", "Zl", "Zp")}
    for family in families:
        missing -= characters_of(font_manager.findfont(family))
    for font in installed_fonts() if missing else ():
        if missing & characters_of(font.fname):
            families.append(font.name)
            missing -= characters_of(font.fname)
    for text in texts:
        own = [family for family in text.get_fontfamily() if family != "sans-serif"]
        text.set_fontfamily(list(dict.fromkeys([*own, *families, "sans-serif"])))
    return missing


def installed_fonts() -> list[font_manager.FontEntry]:
    """Return the fonts of this machine in plain weights, those made for Hong Kong first."""
    manager, paths = font_manager.fontManager, set(font_manager.findSystemFonts())
    for path in paths - {font.fname for font in manager.ttflist}:  # newer than matplotlib's list
        with suppress(OSError, RuntimeError):
            manager.addfont(path)

    def preference(font: font_manager.FontEntry) -> tuple[bool, int, str]:
        words = font.name.lower().split()
        place = next((at for at, mark in enumerate(MARKS) if mark in words), len(MARKS))
        return "serif" in words or "mono" in words, place, font.name

    plain = (it for it in manager.ttflist if it.style == "normal" and it.weight in PLAIN)
    return sorted((it for it in plain if it.fname in paths), key=preference)


@cache
def characters_of(path: str) -> frozenset[str]:
    """Return the characters that a font has; none if it cannot be read."""
    with suppress(OSError, RuntimeError):
        return frozenset(map(chr, FT2Font(path).get_charmap()))
    return frozenset()


def short(name: str, longest: int = 48) -> str:
    """Return a name that fits: its middle is left out, and it leaves the text around in order."""
    half = longest // (2 if name.isascii() else 4)  # other letters may be wider
    mark = LEFT_TO_RIGHT * any(bidirectional(it) in ("R", "AL") for it in name)
    return mark + (name if len(name) <= 2 * half else f"{name[:half]}…{name[1 - half :]}")
