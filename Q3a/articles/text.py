"""The plain text of an article: mark-up removed, one form for every character.

HTML is parsed by selectolax (the Lexbor engine); Unicode's NFKC turns full-width letters and
digits into the common ones (unicode.org/reports/tr15).
"""

from common.command import UserError

import re
import unicodedata
from collections.abc import Iterable

MARKUP = re.compile(r"</?[a-zA-Z!]|&[#a-zA-Z]")
# A block element ends a word; <b> or <a> in the middle of one does not.
BLOCK = re.compile(
    r"<(?=/?(?:p|br|div|li|ul|ol|h[1-6]|table|tr|td|th|blockquote|figure|figcaption|section"
    r"|article|hr|img|script|style)\b)",
    re.IGNORECASE,
)
SURROGATE = re.compile("[\ud800-\udfff]")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def plain_text(text: str) -> str:
    """The article's text without mark-up, in NFKC form, with single spaces."""
    text = CONTROL.sub(" ", SURROGATE.sub("\ufffd", text))
    if MARKUP.search(text):
        text = without_markup(text)
    return " ".join(unicodedata.normalize("NFKC", text).split())


def without_markup(text: str) -> str:
    """The text that a reader of the page would see."""
    from selectolax.lexbor import LexborHTMLParser

    page = LexborHTMLParser("<body>" + BLOCK.sub("\n<", text))
    page.strip_tags(["script", "style"])
    return page.text()


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
