"""What corrections changed: macro F1 on articles not seen, and the tags of new articles."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from quality.scores import INTERVAL, RESAMPLES
from tagger.judgements import judge
from tagger.objective import macro_f1

SHOWN = 10  # articles with another tag than before


@dataclass(frozen=True)
class Change:
    """The difference between learning without corrections and with them."""

    replaced: int  # tags
    added: int  # articles
    compared: int  # articles that both learnt from and that both judged without having seen them
    macro_f1: tuple[float, float]  # before and after, of these articles, by their corrected tags
    interval: tuple[float, float]  # of the difference
    new: int  # articles that neither has learnt from
    flipped: pd.DataFrame  # those of them that get another tag: id, before, after, confidence

    def lines(self) -> Iterator[str]:
        """Yield the change for people to read."""
        before, after = self.macro_f1
        low, high = self.interval
        yield f"Tags corrected: {self.replaced}, articles added: {self.added}"
        yield (
            f"Macro F1 of {self.compared} articles by the corrected tags: {before:.4f} before,"
            f" {after:.4f} after ({after - before:+.4f}, 95 % interval {low:+.4f} to {high:+.4f})"
        )
        yield f"New articles that get another tag: {len(self.flipped)} of {self.new}"
        for row in self.flipped[:SHOWN].itertuples():
            yield f"  {row.id}: {row.before} before, {row.after} after ({row.confidence:.2f})"
        if len(self.flipped) > SHOWN:
            yield "  ..."

    def record(self) -> dict:
        """Return the change for JSON."""
        found = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return found | {"flipped": self.flipped.to_dict("records")}


def paired_macro_f1(
    true: np.ndarray, first: np.ndarray, second: np.ndarray, seed: int
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return macro F1 of two predictions, and the 95 % interval of the second less the first.

    The interval is the percentile bootstrap's over articles, whose predictions stay together.
    """
    tags, numbers = np.unique([true, first, second], return_inverse=True)
    own, *predicted = numbers.reshape(3, -1)
    cells = [own * len(tags) + it for it in predicted]
    shape = len(tags), len(tags)

    def figures(rows: np.ndarray) -> list[float]:
        counts = (np.bincount(it[rows], minlength=len(tags) ** 2) for it in cells)
        return [macro_f1(it.reshape(shape)) for it in counts]

    generator = np.random.default_rng(seed)
    samples = [figures(generator.integers(0, len(own), len(own))) for _ in range(RESAMPLES)]
    low, high = np.percentile(np.diff(samples, axis=1), INTERVAL)
    usual = figures(np.arange(len(own)))
    return (usual[0], usual[1]), (float(low), float(high))


def flips(before, after, new: pd.DataFrame) -> pd.DataFrame:
    """Return the articles that get other tags of two taggers: id, before, after, confidence."""
    first, second = (judge(tagger, new).probabilities for tagger in (before, after))
    table = pd.DataFrame(
        {
            "id": new["id"].to_numpy(),
            "before": before.classes_[first.argmax(axis=1)],
            "after": after.classes_[second.argmax(axis=1)],
            "confidence": second.max(axis=1).round(4),
        }
    )
    return table[table["before"] != table["after"]].reset_index(drop=True)
