"""The plain text of an article: mark-up removed, one form for every character.

Unicode's NFKC turns full-width letters and digits into the common ones (unicode.org/reports/tr15).
"""

from common.command import UserError

import re
import unicodedata
from collections.abc import Iterable

from articles.markup import without_markup

SURROGATE = re.compile("[\ud800-\udfff]")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# Characters without width, which no reader sees: soft hyphen, zero-width spaces and joiners, marks
# of direction, variation selectors, the byte-order mark.
INVISIBLE = re.compile(
    "[\xad\u034f\u061c\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\U000e0000-\U000e0fff]"
)


def plain_text(text: str) -> tuple[str, int]:
    """The article's text without mark-up, as `normalised`, and how many tags were removed."""
    text, tags = without_markup(CONTROL.sub(" ", SURROGATE.sub("\ufffd", text)))
    return normalised(text), tags


def normalised(text: str) -> str:
    """The text in NFKC form, with single spaces, without control and invisible characters."""
    text = CONTROL.sub(" ", SURROGATE.sub("\ufffd", text))
    return " ".join(unicodedata.normalize("NFKC", INVISIBLE.sub("", text)).split())


def converted(texts: Iterable[str], configuration: str) -> list[str]:
    """The texts in another form of Chinese: `s2hk` turns simplified into Hong Kong's.

    Raises UserError if OpenCC has no configuration of that name.
    """
    import opencc

    try:
        convert = opencc.OpenCC(configuration).convert
    except (OSError, RuntimeError, ValueError) as error:
        reason = str(error).rstrip(".")
        raise UserError(f"--convert {configuration}: {reason}; try s2hk, s2t or s2twp") from None
    return [convert(text) for text in texts]
