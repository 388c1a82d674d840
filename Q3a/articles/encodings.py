"""The encoding of a text file: UTF-8 if it is, else the one in which the file reads as Chinese.

Nearly any bytes in GB18030 are characters in Big5 as well, though rare ones. The probability of a
text, as a product of its characters' frequencies, therefore tells which reading was meant. A file
is refused where two readings are nearly as likely, or none is likely: --encoding settles it.

Libraries guess: of 1,000 news titles, each as a file in GB18030 (in simplified and in traditional
characters) and in Big5, chardet 7.7 misread 11 of 3,000 and charset-normalizer 3.5 misread 293.
"""

from common.command import UserError

import codecs
import functools
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from typing import BinaryIO

Opener = Callable[[], BinaryIO]  # opens a file again and again

BOMS = {  # in this order: UTF-32's begins as UTF-16's does
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    "\ufeff".encode("gb18030"): "gb18030",
}
UTF_16 = (("utf-16-le",), ("utf-16-be",))  # without a byte-order mark
CHINESE = (("gb18030",), ("big5hkscs", "cp950"))  # cp950 has signs that big5hkscs lacks
BLOCK = 1 << 20  # bytes
SAMPLE = 20_000  # characters beyond ASCII
BEYOND_ASCII = re.compile("[a-z]?[^\x01-\x7f]+[a-z]?")  # and the letters next to it

# Natural logarithms. For 2,400 news titles, each as a file, the right reading was at least e**10
# times as likely as another, and a character's mean was at least -9.1; Korean, Japanese and Russian
# text, or UTF-8, that is read as Chinese has -9.7 at most.
MARGIN, LIKELY = 8.0, -9.35
PUNCTUATION, LETTER, IDEOGRAPH, NO_CHARACTER = -6.0, -12.0, -14.0, -20.0  # in no known word
# UTF-8 that has no Chinese, and may by chance be Chinese in another encoding: an alphabet is as
# likely as e**-6, a letter of it as e**-5, and two bytes are valid by chance as e**-1.7. Chinese
# characters stand next to small Latin letters one time in a hundred.
ALPHABET, USUAL_LETTER, ODD_LETTER, IN_A_WORD = -6.0, -3.3, -6.3, 4.6
ASCII, LAST_OF_TWO_BYTES = "\x7f", "\u07ff"
USUAL = re.compile("[\xa0-\xffͰ-ϿЀ-ӿ]")
JOINED = re.compile("(?<=[a-z])[\xc0-\u024f]|[\xc0-\u024f](?=[a-z])")


def detected_encoding(opened: Opener, name: str) -> str:
    """Return the encoding of the file `name`. Raises UserError if it is not certain."""
    with opened() as file:
        start = file.read(BLOCK)
    for mark, encoding in BOMS.items():
        if start.startswith(mark):
            return encoding
    unicode, zeros = sample(opened, "utf-8"), b"\0" in start
    if unicode is not None and not zeros and not "" < max(unicode, default="") <= LAST_OF_TWO_BYTES:
        return "utf-8"
    chinese = CHINESE if unicode is None or not zeros else ()
    texts = readings(opened, (UTF_16 if zeros else ()) + chinese)
    scores = {encoding: likelihood(text) for encoding, text in texts.items()}
    if unicode is not None:
        scores["utf-8"], texts["utf-8"] = alphabetic_likelihood(unicode), unicode
    best, *others = sorted(scores, key=scores.get, reverse=True) or [None]
    if best == "utf-8":
        return best
    if best is None or not reads_as_chinese(texts[best]):
        problem = what_is_odd(opened)
    elif others and scores[best] - scores[others[0]] < MARGIN:
        problem = "may be " + " or ".join(f"{it} ({texts[it][:9]})" for it in (best, others[0]))
    elif not (problem := utf_8_line(opened)):
        return best
    raise UserError(f"{name}: {problem}; name its encoding with --encoding")


def readings(opened: Opener, candidates: Iterable[tuple[str, ...]]) -> dict[str, str]:
    """Return a sample in each encoding that the file can be in, the first one of each candidate."""
    found = {}
    for encodings in candidates:
        samples = ((encoding, sample(opened, encoding)) for encoding in encodings)
        if fitting := next((it for it in samples if it[1] is not None), None):
            found[fitting[0]] = fitting[1]
    return found


def sample(opened: Opener, encoding: str, errors: str = "strict") -> str | None:
    """Return the first characters beyond ASCII, and NUL; None if a byte of the file is wrong."""
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    found, length = [], 0
    with opened() as file:
        try:
            while block := file.read(BLOCK):
                text = decoder.decode(block)
                if length < SAMPLE:
                    found += BEYOND_ASCII.findall(text)
                    length = sum(map(len, found))
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return None
    return "".join(found)[:SAMPLE]


def reads_as_chinese(text: str) -> bool:
    """Whether the characters beyond ASCII, if there are any, are those of Chinese text."""
    return likelihood(text) >= LIKELY * sum(not "\0" < character <= ASCII for character in text)


def likelihood(text: str) -> float:
    """Return the logarithm of the probability of these characters in Chinese text.

    ASCII, the same in all encodings that are compared, counts for nothing.
    """
    known = frequencies()
    return sum(known.get(character) or unknown(character) for character in text)


def unknown(character: str) -> float:
    """Return the logarithm of the probability of a character that is in no known word."""
    if "\0" < character <= ASCII:
        return 0.0
    category = unicodedata.category(character)
    if category[0] == "C":
        return NO_CHARACTER
    if category[0] in "PSZ":
        return PUNCTUATION
    return IDEOGRAPH if category == "Lo" else LETTER


@functools.cache
def frequencies() -> dict[str, float]:
    """Return the logarithm of each character's frequency in the known words.

    They are in traditional characters; in simplified ones they count as much again.
    """
    import opencc  # here, with the word list, since UTF-8 needs neither

    from articles.words import known_words

    words = "".join(known_words())
    counts = Counter(words) | Counter(opencc.OpenCC("t2s").convert(words))  # the larger of both
    total = counts.total()
    return {it: math.log(count / total) for it, count in counts.items() if it > ASCII}


def alphabetic_likelihood(text: str) -> float:
    """Return the logarithm of the probability that these bytes are UTF-8, as in no Chinese text."""
    zeros = text.count("\0")
    odd = len(re.findall("[^\x00-\x7f]", text)) - (usual := len(USUAL.findall(text)))
    letters = USUAL_LETTER * usual + ODD_LETTER * odd + IN_A_WORD * len(JOINED.findall(text))
    return ALPHABET + letters + NO_CHARACTER * zeros


def what_is_odd(opened: Opener) -> str:
    """Return why no reading is likely: a line that differs from the others, if there is one."""
    for encoding in ("utf-8", "gb18030", "big5hkscs"):
        text = sample(opened, encoding, errors="ignore")
        if text and reads_as_chinese(text) and (odd := odd_line(opened, encoding)):
            return odd
    return "does not read as Chinese in UTF-8, UTF-16, GB18030 or Big5"


def odd_line(opened: Opener, encoding: str) -> str | None:
    """Return which line is the first that is not in the encoding, if one in ten at most is not."""
    problems, lines = [], 0
    with opened() as file:
        for number, line in enumerate(file, 1):
            lines += not line.isascii()
            try:
                line.decode(encoding)
            except UnicodeDecodeError as error:
                problems.append(
                    f"line {number} is not in {encoding}, as the others are: {error.reason}"
                )
    return problems[0] if 0 < 10 * len(problems) <= lines else None


def utf_8_line(opened: Opener) -> str:
    """Return which line of a file in another encoding is in UTF-8, as if two files were joined.

    Four characters of another encoding are hardly ever valid UTF-8 that reads as Chinese.
    """
    with opened() as file:
        for number, line in enumerate(file, 1):
            text = line.decode("utf-8", "replace") if not line.isascii() else ""
            beyond = "".join(BEYOND_ASCII.findall(text))
            if len(beyond) >= 4 and "\ufffd" not in beyond and reads_as_chinese(beyond):
                return f"line {number} is in utf-8, unlike others"
    return ""
