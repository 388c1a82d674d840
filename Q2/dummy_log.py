"""A made-up CDN log, drawn from a seed: date, time, size and URL, separated by tabs."""

import io

import numpy as np
import pandas as pd

ROWS = 100_000
# A day more than the question asks on either side, so that a wrong bound shows in the total.
FIRST_DAY, DAYS = "2017-08-23", 4
EXTENSIONS = ("jpg", "js", "css")
SHARES = (0.6, 0.25, 0.15)
TYPICAL_SIZE = {"jpg": 80_000, "js": 30_000, "css": 8_000}  # bytes, the median
SIZE_SPREAD = 1.0  # sigma of the log-normal sizes
PAGES = 2_000  # files of each extension, the n-th asked for in proportion to 1/n


def dummy_log(rows: int = ROWS, seed: int = 0) -> pd.DataFrame:
    """`rows` requests in order of time: date, time and url as text, size in bytes."""
    random = np.random.default_rng(seed)
    seconds = np.sort(random.integers(0, DAYS * 86_400, rows))
    times = pd.Timestamp(FIRST_DAY) + pd.to_timedelta(seconds, unit="s")
    extensions = random.choice(EXTENSIONS, rows, p=SHARES)
    medians = pd.Series(extensions).map(TYPICAL_SIZE).to_numpy()
    popularity = 1 / np.arange(1, PAGES + 1)
    pages = random.choice(PAGES, rows, p=popularity / popularity.sum())
    return pd.DataFrame(
        {
            "date": times.strftime("%Y-%m-%d"),
            "time": times.strftime("%H:%M:%S"),
            "size": (medians * random.lognormal(0, SIZE_SPREAD, rows)).astype(np.int64),
            "url": [
                f"/{extension}/{page}.{extension}"
                for extension, page in zip(extensions, pages, strict=True)
            ],
        }
    )


def as_tsv(log: pd.DataFrame) -> io.BytesIO:
    """The log as the bytes of a tab-separated file with a header."""
    return io.BytesIO(log.to_csv(sep="\t", index=False, lineterminator="\n").encode("utf-8"))
