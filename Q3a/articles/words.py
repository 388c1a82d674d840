"""Words of Chinese text: pycantonese's word list and the longest match, the same every time.

`pycantonese.segment` is not used: through 5.0.0 it gives each new Latin or number token a
private character that it keeps for the life of the process, and after some 2,700 of them
punctuation begins to turn into words, so that results depend on what was read before. Here runs
of Han characters alone go to the segmenter; Latin words and numbers stay whole.
"""

import functools
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from hashlib import sha256
from importlib.metadata import version

from platformdirs import user_cache_path

from common.output import replacing

PARALLEL_CHARACTERS = 5_000_000  # from here on starting other processes pays
CHUNK = 2_000  # texts
LONGEST_WORD = 8  # characters; longer entries of the word list are proverbs
HAN = "々〇\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
# A run of Han characters, or another word with its inner marks: COVID-19, 3.5, don't.
OTHER_WORD = rf"(?:(?![{HAN}])\w)+"
TOKEN = re.compile(rf"(?P<han>[{HAN}]+)|{OTHER_WORD}(?:[-.,'’]{OTHER_WORD})*")


def segmenter_name() -> str:
    """What decides the words besides the text: the method and its word list's version."""
    return f"longest-match-{LONGEST_WORD} pycantonese-{version('pycantonese')}"


@functools.cache
def longest_match():
    """Return the segmenter, built from the words of `known_words`."""
    from rustling.wordseg import LongestStringMatching

    segmenter = LongestStringMatching(max_word_length=LONGEST_WORD)
    segmenter.fit([known_words()])
    return segmenter


def known_words() -> list[str]:
    """Return pycantonese's words, sorted: from the user's cache folder once they are there.

    To read two corpora takes ten times as long as to read the list that they give. A list that is
    damaged, or cannot be kept, is made again.
    """
    name = f"words-pycantonese-{version('pycantonese')}.txt"
    path = user_cache_path("retention-traffic-tags-artists") / name
    with suppress(OSError):
        digest, _, content = path.read_bytes().partition(b"\n")
        if sha256(content).hexdigest().encode() == digest:
            return content.decode("utf-8").split("\n")
    words = corpus_words()
    content = "\n".join(words).encode("utf-8")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as sibling:
            sibling.write_bytes(sha256(content).hexdigest().encode() + b"\n" + content)
    return words


def corpus_words() -> list[str]:
    """Return the words of HKCanCor and of rime-cantonese, sorted."""
    import pycantonese
    from pycantonese.data.rime_cantonese import CHARS_TO_JYUTPING

    return sorted(set(pycantonese.hkcancor().words()) | set(CHARS_TO_JYUTPING))


def segment(texts: Iterable[str]) -> list[str]:
    """Each text's words, joined by single spaces; punctuation is left out."""
    tokens = [[(match[0], match["han"]) for match in TOKEN.finditer(text)] for text in texts]
    runs = [run for text_tokens in tokens for _, run in text_tokens if run]
    segmented = map(" ".join, longest_match().predict(runs))
    return [
        " ".join(next(segmented) if run else token for token, run in text_tokens)
        for text_tokens in tokens
    ]


def segment_in_parallel(texts: Sequence[str]) -> list[str]:
    """Return `segment(texts)`, found on all cores, here or of the cluster, if they are long."""
    if sum(map(len, texts)) < PARALLEL_CHARACTERS:
        return segment(texts)
    from joblib import Parallel, cpu_count, delayed

    from articles.parallel import cluster_client, on_all_cores

    if cpu_count() == 1 and not cluster_client():
        return segment(texts)
    chunks = [texts[start : start + CHUNK] for start in range(0, len(texts), CHUNK)]
    with on_all_cores():
        parts = Parallel(n_jobs=-1)(delayed(segment)(chunk) for chunk in chunks)
    return [words for part in parts for words in part]
