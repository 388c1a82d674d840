"""HTML mark-up of a text, told from text that has the same signs, and removed.

Only a tag of an element that HTML has, written as HTML writes it, is mark-up: `T<p 時`, `<NBA>` and
`a<b，而 c>d` are text. A parser of HTML cannot be used: it takes all of these for tags.
"""

import html
import re

# html.spec.whatwg.org/multipage/indices.html, and obsolete.html for elements no longer in use.
BLOCKS = (
    "address|article|aside|blockquote|body|br|caption|center|col|colgroup|dd|details|dialog"
    "|dir|div|dl|dt|fieldset|figcaption|figure|footer|form|frame|frameset|h1|h2|h3|h4|h5|h6"
    "|head|header|hgroup|hr|html|iframe|img|legend|li|link|listing|main|menu|meta|nav"
    "|noframes|ol|optgroup|option|p|plaintext|pre|script|search|section|select|style|summary"
    "|table|tbody|td|template|textarea|tfoot|th|thead|title|tr|ul|xmp"
)
INLINE = (
    "a|abbr|acronym|applet|area|audio|b|base|basefont|bdi|bdo|bgsound|big|blink|button|canvas"
    "|cite|code|data|datalist|del|dfn|em|embed|font|i|input|ins|kbd|label|map|mark|marquee"
    "|math|meter|nobr|noembed|noscript|object|output|param|picture|progress|q|rb|rp|rt|rtc"
    "|ruby|s|samp|slot|small|source|spacer|span|strike|strong|sub|sup|svg|time|track|tt|u|var"
    "|video|wbr"
)
HIDDEN = ("script", "style", "template")  # a reader does not see what is in them
ALONE = (  # attributes without a value
    r"allowfullscreen|async|autofocus|autoplay|checked|compact|controls|data-[\w.-]+|default|defer"
    "|disabled|download|formnovalidate|hidden|inert|ismap|itemscope|loop|multiple|muted|nomodule"
    "|noshade|novalidate|nowrap|open|playsinline|readonly|required|reversed|selected"
)
VALUE = r"""(?:"[^"]*"|'[^']*'|[^\s"'=<>`]+)"""
ATTRIBUTE = rf"""(?:\s++|(?<=["']))(?:(?:{ALONE})(?=[\s/>])|[\w:@.-]+\s*=\s*{VALUE})"""
REST = rf"(?:{ATTRIBUTE})*+\s*/?>"  # of a tag, after the element's name
FLAGS = re.IGNORECASE | re.DOTALL | re.ASCII
TAG = re.compile(rf"</?(?:(?P<block>{BLOCKS})|{INLINE}){REST}|<!doctype\b[^<>]*>", FLAGS)
# What begins and ends a passage, and what is read in its place.
PASSAGES = [
    *[(rf"<{name}{REST}", rf"</{name}\s*>", " ") for name in HIDDEN],
    ("<!--", "-->", ""),
]
WRAPPER = (r"<!\[CDATA\[", r"\]\]>", r"\1")  # of HTML in a feed's XML
CHARACTER = re.compile(r"&(?:[a-z][a-z0-9]*|#[0-9]+|#x[0-9a-f]+);|&nbsp\b", FLAGS)


def without_markup(text: str) -> tuple[str, int]:
    """The text that a reader of the page would see, and how many tags and comments it had."""
    removed = 0
    if "<" in text:
        text, _ = without_passages(text, *WRAPPER)
        for passage in PASSAGES:
            text, count = without_passages(text, *passage)
            removed += count
        text, count = TAG.subn(lambda tag: " " if tag["block"] else "", text)
        removed += count
    if "&" in text:
        text = CHARACTER.sub(lambda character: html.unescape(character[0]), text)
    return text, removed


def without_passages(text: str, begin: str, end: str, instead: str) -> tuple[str, int]:
    """Replace all passages from `begin` to `end`; return the text and how many there were.

    They are looked for before the last `end`: behind it none closes, and to look for the end of
    each to no avail would take quadratic time.
    """
    last = max((match.end() for match in re.finditer(end, text, FLAGS)), default=0)
    head, count = re.subn(f"{begin}(.*?){end}", instead, text[:last], flags=FLAGS)
    return head + text[last:], count
