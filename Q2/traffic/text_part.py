"""Totals by text, as they travel between threads, processes and tables."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np


class TextPart(NamedTuple):
    """Totals by text: each is `text[ends[i - 1]:ends[i]]`, in UTF-8."""

    text: "np.ndarray"  # uint8
    ends: "np.ndarray"  # int64, one for each text
    sums: "np.ndarray"  # int64 of shape (texts, sums): those of `Question.sums`

    def starts(self) -> "np.ndarray":
        """Where each text begins."""
        import numpy as np

        return np.concatenate([[0], self.ends[:-1]]) if len(self.ends) else self.ends

    def total(self) -> tuple[int, ...]:
        """The sums of all texts."""
        return tuple(self.sums.sum(axis=0).tolist())


def no_texts(sums: int) -> TextPart:
    """A part without any text."""
    import numpy as np

    return TextPart(np.empty(0, np.uint8), np.empty(0, np.int64), np.empty((0, sums), np.int64))
