"""Tags for new articles, with the confidence in each, and none where the confidence is too low."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from articles.preparation import prepared, report_all
from common.output import replacing

FEATURES = ["plain", "words"]  # the columns that a model reads


def tagged(tagger, articles: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the predicted tags and the probability of each."""
    probabilities = tagger.predict_proba(articles[FEATURES])
    return tagger.classes_[probabilities.argmax(axis=1)], probabilities.max(axis=1)


def predictions(tagger, articles: pd.DataFrame, min_confidence: float = 0.0) -> pd.DataFrame:
    """Prepared articles' id, text, predicted_tag and confidence.

    The tag is empty where the confidence is below `min_confidence`, and where there are no words.
    """
    tags, confidence = tagged(tagger, articles)
    confidence = np.where(articles["words"] == "", 0, confidence)
    kept = (confidence >= min_confidence) & (confidence > 0)
    return pd.DataFrame(
        {
            "id": articles["id"],
            "text": articles["text"],
            "predicted_tag": np.where(kept, tags, ""),
            "confidence": confidence.round(4),
        }
    )


def write_predictions(
    tagger, batches: Iterable[pd.DataFrame], min_confidence: float, output: Path
) -> Counter:
    """Write the predictions of all batches to `output`; return how many were tagged and not.

    pandas writes them batch by batch: they may be more than memory holds.
    """
    outcomes = Counter()
    with replacing(output) as sibling, sibling.open("w", encoding="utf-8", newline="") as file:
        for number, articles in enumerate(batches):
            table = predictions(tagger, articles, min_confidence)
            table.to_csv(file, index=False, header=number == 0, lineterminator="\n")
            tagless = int((table["predicted_tag"] == "").sum())
            outcomes["tagged"] += len(table) - tagless
            outcomes["left without a tag"] += tagless
    return +outcomes


def tag_articles(
    tagger,
    batches: Iterable[pd.DataFrame],
    convert: str | None,
    min_confidence: float,
    output: Path,
) -> None:
    """Prepare new articles, write their tags to `output` and report how many got one."""
    ready = (prepared(articles, convert) for articles in batches)
    counts = write_predictions(tagger, ready, min_confidence, output)
    report_all(f"{output}: {articles} articles {outcome}" for outcome, articles in counts.items())
