"""A font that really has the characters to be drawn, or none: never a missing glyph's boxes."""

from common.command import UserError

from functools import cache
from pathlib import Path

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

INSTALL = "install one (Debian: apt install fonts-noto-cjk) or name a file with --font"

LONGEST = 40  # characters of a tag or word
WEIGHTS = ("bold", "black", "heavy", "thin", "light", "medium", "italic", "oblique")
MARKS = ("hk", "tc", "hant", "pingfang", "jhenghei", "cjk")  # of Hong Kong and Taiwan, best first


@cache
def drawn_characters(path: str) -> frozenset[str]:
    """The characters that the font has a glyph for; none if it cannot be read."""
    try:
        return frozenset(map(chr, FT2Font(path).get_charmap()))
    except (RuntimeError, OSError):
        return frozenset()


def font_for(text: str, named: Path | None = None) -> font_manager.FontProperties:
    """An installed font, or the named one, with a glyph for every character of the text.

    Raises UserError if there is none.
    """
    if named and not drawn_characters(str(named)):
        raise UserError(f"--font {named}: is no file of a font")
    wanted = frozenset(text) - frozenset(" \n")
    for path in [str(named)] if named else installed_fonts():
        if wanted <= drawn_characters(path):
            return font_manager.FontProperties(fname=path)
    example = next((character for character in text if ord(character) > 0x2E7F), text[:1])
    where = f"--font {named} has not" if named else "no installed font has"
    raise UserError(f"--plot: {where} all characters to be drawn, such as {example}; {INSTALL}")


def installed_fonts() -> list[str]:
    """The paths of all fonts: plain weights first, and first those made for Hong Kong.

    The fonts are looked for anew, since matplotlib's own list does not notice a new one.
    """
    always = font_manager.findfont("DejaVu Sans")  # comes with matplotlib
    return sorted([*font_manager.findSystemFonts(), always], key=preference)


def preference(path: str) -> tuple[bool, int, str]:
    """What to sort a font's path by."""
    name = Path(path).stem.lower()
    weighty = any(weight in name for weight in WEIGHTS)
    place = next((place for place, mark in enumerate(MARKS) if mark in name), len(MARKS))
    return weighty, place, name


def drawable(text: str, font: font_manager.FontProperties) -> str:
    """The text, a long one without its middle, with `U+` codes for what the font lacks."""
    half = LONGEST // (2 if text.isascii() else 4)  # other characters may be wider
    short = text if len(text) <= 2 * half else f"{text[:half]}…{text[1 - half :]}"
    drawn = drawn_characters(font.get_file()) | {"…"}
    return "".join(
        character if character in drawn else f"U+{ord(character):X}" for character in short
    )
