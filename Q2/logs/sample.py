"""A sample of a CDN log, drawn from a seed: date, time, size and URL, separated by tabs."""

import io

import numpy as np
import pandas as pd

from logs.sources import Source

ROWS = 100_000
# A day more than the question asks on either side, so that a wrong bound shows in the total.
DAYS = ("2017-08-23", "2017-08-24", "2017-08-25", "2017-08-26")
EXTENSIONS = ("jpg", "js", "css")
FOLDERS = ("images", "scripts", "styles")
SHARES = (0.6, 0.25, 0.15)  # of the requests
MEDIAN_SIZES = np.array([80_000, 30_000, 8_000])  # bytes
SIZE_SPREAD = 1.0  # sigma of the log-normal sizes
PAGES = 2_000  # files of each extension, the n-th asked for in proportion to 1/n
DAY = 86_400  # seconds


def sample_source(seed: int) -> Source:
    """Return the sample log of a seed as a source, drawn when it is opened."""
    return Source("sample log", lambda: as_tsv(sample_log(seed=seed)))


def sample_log(rows: int = ROWS, seed: int = 0) -> pd.DataFrame:
    """`rows` requests in order of time: date, time and url as text, size in bytes."""
    random = np.random.default_rng(seed)
    seconds = np.sort(random.integers(0, len(DAYS) * DAY, rows))
    kinds = random.choice(len(EXTENSIONS), rows, p=SHARES)
    popularity = 1 / np.arange(1, PAGES + 1)
    pages = random.choice(PAGES, rows, p=popularity / popularity.sum())
    sizes = MEDIAN_SIZES[kinds] * random.lognormal(0, SIZE_SPREAD, rows)
    return pd.DataFrame(
        {
            "date": np.array(DAYS, dtype=object)[seconds // DAY],
            "time": times_of_day()[seconds % DAY],
            "size": sizes.astype(np.int64),
            "url": all_urls()[kinds, pages],
        }
    )


def times_of_day() -> np.ndarray:
    """HH:MM:SS of each second of a day."""
    times = pd.date_range(DAYS[0], periods=DAY, freq="s")
    return times.strftime("%H:%M:%S").to_numpy(dtype=object)


def all_urls() -> np.ndarray:
    """The URLs of shape (extensions, pages)."""
    return np.array(
        [
            [f"/{folder}/{page}.{extension}" for page in range(PAGES)]
            for folder, extension in zip(FOLDERS, EXTENSIONS, strict=True)
        ],
        dtype=object,
    )


def as_tsv(log: pd.DataFrame) -> io.BytesIO:
    """Return the log as a tab-separated file with a header."""
    return io.BytesIO(log.to_csv(sep="\t", index=False, lineterminator="\n").encode("utf-8"))
