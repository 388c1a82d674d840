"""Requests and bytes by URL, as they travel between threads, processes and tables."""

from typing import NamedTuple

import numpy as np


class UrlPart(NamedTuple):
    """Totals by URL: the text of each is `text[ends[i - 1]:ends[i]]`, in UTF-8."""

    text: np.ndarray  # uint8
    ends: np.ndarray  # int64, as the next two: one for each URL
    requests: np.ndarray
    bytes: np.ndarray

    def starts(self) -> np.ndarray:
        """Where each text begins."""
        return np.concatenate([[0], self.ends[:-1]]) if len(self.ends) else self.ends


NO_URLS = UrlPart(np.empty(0, np.uint8), *(np.empty(0, np.int64) for _ in range(3)))
