"""Requests and bytes by URL, as they travel between threads, processes and tables."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np


class UrlPart(NamedTuple):
    """Totals by URL: the text of each is `text[ends[i - 1]:ends[i]]`, in UTF-8."""

    text: "np.ndarray"  # uint8
    ends: "np.ndarray"  # int64, as the next two: one for each URL
    requests: "np.ndarray"
    bytes: "np.ndarray"

    def starts(self) -> "np.ndarray":
        """Where each text begins."""
        import numpy as np

        return np.concatenate([[0], self.ends[:-1]]) if len(self.ends) else self.ends

    def sums(self) -> tuple[int, int]:
        """The requests and the bytes of all URLs."""
        return int(self.requests.sum()), int(self.bytes.sum())


def no_urls() -> UrlPart:
    """A part without any URL."""
    import numpy as np

    return UrlPart(np.empty(0, np.uint8), *(np.empty(0, np.int64) for _ in range(3)))
